"""A released schema version decodes for ever: these files are never made anew."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.records import Emptied, FillReading, RecordKind, SnapshotVerdicts, VerdictState
from wire.acks import Ack, decode_ack, encode_ack
from wire.batches import decode_batch, encode_batch
from wire.device_messages import decode_device_message, encode_device_message
from wire.json_schemas import FOLDER, json_schemas
from wire.pictures import decode_picture, encode_picture
from wire.records import decode_record, encode_record

GOLDEN = Path(__file__).parents[2] / "golden" / "wire"
OBSERVED_AT = datetime(2026, 3, 2, 22, 35, 0, 123456, tzinfo=UTC)


def read(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


def test_a_fill_record_of_version_1() -> None:
    record = decode_record(read("record-fill-v1.json"))
    assert isinstance(record.values, FillReading)
    assert (record.device_id, record.observed_at) == ("sensor-1", OBSERVED_AT)
    assert (record.values.filling_level, record.values.battery_ratio) == (0.6, 0.92)
    bare = decode_record(read("record-fill-without-values-v1.json"))
    assert isinstance(bare.values, FillReading)
    assert bare.values.filling_level is None


def test_an_emptied_record_of_version_1() -> None:
    record = decode_record(read("record-emptied-v1.json"))
    assert record.values == Emptied(level_before=0.8, level_after=0.05)


def test_a_verdicts_record_of_version_1() -> None:
    record = decode_record(read("record-verdicts-v1.json"))
    assert isinstance(record.values, SnapshotVerdicts)
    states = [verdict.state for verdict in record.values.verdicts]
    assert states == [VerdictState.PRESENT, VerdictState.UNKNOWN]
    assert record.values.verdicts[0].boxes == ((0.1, 0.2, 0.3, 0.4),)


def test_a_batch_of_version_1() -> None:
    batch = decode_batch(read("batch-v1.txt"))
    assert (batch.gateway_id, batch.boot_id, batch.oldest) == ("gw-1", "0123456789abcdef", 7)
    kinds = [(sequence, decode_record(body).kind) for sequence, body in batch.items]
    assert kinds == [(8, RecordKind.FILL), (10, RecordKind.EMPTIED)]


def test_an_ack_of_version_1() -> None:
    assert decode_ack(read("ack-v1.json")) == Ack(
        boot_id="0123456789abcdef",
        through=20,
        missing=((9, 9), (12, 14)),
        pictures=("ab" * 32,),
    )


def test_a_device_message_of_version_1() -> None:
    message = decode_device_message(read("device-message-v1.json"))
    assert (message.device_id, message.distances_mm) == ("sensor-1", (500, 510, 490))


def test_a_picture_of_version_1() -> None:
    assert decode_picture(read("picture-v1.msgpack")).jpeg.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("record-fill-v1.json", lambda payload: encode_record(decode_record(payload))),
        ("record-emptied-v1.json", lambda payload: encode_record(decode_record(payload))),
        ("record-verdicts-v1.json", lambda payload: encode_record(decode_record(payload))),
        ("batch-v1.txt", lambda payload: encode_batch(decode_batch(payload))),
        ("ack-v1.json", lambda payload: encode_ack(decode_ack(payload))),
        (
            "device-message-v1.json",
            lambda payload: encode_device_message(decode_device_message(payload)),
        ),
        ("picture-v1.msgpack", lambda payload: encode_picture(decode_picture(payload))),
    ],
)
def test_today_the_same_bytes_are_written(name: str, again: Callable[[bytes], bytes]) -> None:
    assert again(read(name)) == read(name)


def test_the_committed_schemas_are_those_of_the_code() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert committed == json_schemas(), "python -m wire.json_schemas writes them"
