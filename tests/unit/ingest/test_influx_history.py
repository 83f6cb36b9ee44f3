"""What the history makes of points that InfluxDB shows only in part, as it does during a write."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.influx.history import InfluxHistory

AT = datetime(2026, 5, 6, 8, tzinfo=UTC)
WHOLE = {
    "_time": AT,
    "device_id": "bin-000",
    "gateway_delay_s": 1.0,
    "measurement_quality": "accepted",
    "filling_level": 0.5,
}
HALF = {**WHOLE, "_time": AT + timedelta(minutes=5), "measurement_quality": None}


class ShowingServer:
    """Answers every query with these rows."""

    def __init__(self, *rows: Mapping[str, Any]) -> None:
        self._rows = rows

    def rows(self, flux: str) -> Iterator[Mapping[str, Any]]:
        del flux
        return iter(self._rows)


def history(*rows: Mapping[str, Any]) -> InfluxHistory:
    return InfluxHistory(ShowingServer(*rows), bucket="raw")


def test_a_reading_that_is_still_being_written_is_not_there_yet() -> None:
    until = AT + timedelta(hours=1)

    readings = history(WHOLE, HALF).fill("bin-000", since=AT, until=until)

    assert [at for at, _ in readings] == [AT]


def test_the_newest_whole_reading_is_the_latest() -> None:
    (latest,) = history(WHOLE, HALF).latest_levels().values()

    assert latest.observed_at == AT
