"""The JSON Schemas of what is on the wire, generated from the Structs that read it.

``python -m wire.json_schemas`` writes them to ``wire/schemas``; a test compares.
"""

import json
from pathlib import Path

from msgspec import Struct
from msgspec.json import schema

from wire.acks import AckBody
from wire.batches import BatchHeader
from wire.device_messages import DeviceBody
from wire.pictures import PictureBody
from wire.records import RecordBody

FOLDER = Path(__file__).parent / "schemas"

_ROOTS: dict[str, type[Struct]] = {
    "ack": AckBody,
    "batch_header": BatchHeader,
    "device_message": DeviceBody,
    "picture": PictureBody,
    "record": RecordBody,
}


def json_schemas() -> dict[str, str]:
    """Return the text of every schema file by its name."""
    return {
        f"{name}.json": json.dumps(schema(root), indent=2, ensure_ascii=False) + "\n"
        for name, root in _ROOTS.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file_name, text in json_schemas().items():
        (FOLDER / file_name).write_text(text, encoding="utf-8")
