import json
from collections.abc import Iterator

import pytest
import structlog

from huanwei.logs import set_up_logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def fail_beside(secret: str) -> None:
    raise ValueError(str(len(secret)))


def test_a_line_is_one_json_object_with_the_process_and_the_traceback_but_no_local_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs("ingest")
    unsaid = "known to nobody".replace(" ", "-")

    try:
        fail_beside(unsaid)
    except ValueError:
        structlog.get_logger().exception("it_failed", device_id="bin-000")

    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["event"], said["process"], said["device_id"]) == (
        "it_failed",
        "ingest",
        "bin-000",
    )
    assert "ValueError: 15" in said["exception"]
    assert unsaid not in line
