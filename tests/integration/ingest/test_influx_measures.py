"""The measures over points in a real InfluxDB that the embedded store never has to read."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from secrets import token_hex

import pytest

from domain.measures import LevelHours
from ingest.influx.buckets import BucketNames
from ingest.influx.lines import line
from ingest.influx.measures import InfluxMeasures
from ingest.influx.rollup_lines import DAILY, HOURLY, LEVEL_FIELDS, day_begins
from ingest.influx.server import InfluxAdministration, InfluxServer
from ingest.instants import to_us
from tests.influx_server import RunningInflux

FIRST = date(2026, 3, 3)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
FULL_DAY = {
    **dict.fromkeys(LEVEL_FIELDS, 0.0),
    "accepted": 144.0,
    "usable": 144.0,
    "usable_hours": 24.0,
    "hours_from_090": 18.0,
    "hours_from_030": 6.0,
}


class Kept:
    """Buckets of one test, and the measures over them."""

    def __init__(self, influx: RunningInflux) -> None:
        mark = token_hex(4)
        self.buckets = BucketNames(raw=f"r-{mark}", hourly=f"h-{mark}", daily=f"d-{mark}")
        administration = InfluxAdministration(influx.address())
        for name in self.buckets.kept_s():
            administration.make_bucket(name, kept_s=0)
        administration.close()
        self.server = InfluxServer(influx.address())
        self.measures = InfluxMeasures(self.server, self.buckets)

    def write_day(
        self, day: date, fields: Mapping[str, float], *device_ids: str, place_id: str = "place-1"
    ) -> None:
        at_ns = to_us(day_begins(day)) * 1_000
        lines = [
            line(DAILY, {"device_id": device_id, "place_id": place_id}, fields, at_ns)
            for device_id in device_ids
        ]
        self.server.write(self.buckets.daily, b"\n".join(lines))


@pytest.fixture
def kept(influx: RunningInflux) -> Iterator[Kept]:
    opened = Kept(influx)
    yield opened
    opened.server.close()


@pytest.mark.parametrize(("percent", "above"), [(80, 36.0), (40, 36.0), (20, 48.0)])
def test_a_device_that_has_moved_is_one_device(kept: Kept, percent: int, above: float) -> None:
    kept.write_day(FIRST, FULL_DAY, "bin-1", place_id="place-1")
    kept.write_day(SECOND, FULL_DAY, "bin-1", place_id="place-2")
    told = kept.measures.level_hours(percent, since=FIRST, until=THIRD)
    assert told == {"bin-1": LevelHours(above=above, measured=48)}
    assert kept.measures.usable_hours(since=FIRST, until=THIRD) == {"bin-1": 48}


@pytest.mark.parametrize("percent", [80, 40])
def test_days_that_are_still_being_written_are_not_there_yet(kept: Kept, percent: int) -> None:
    kept.write_day(FIRST, FULL_DAY, "bin-1")
    kept.write_day(SECOND, {"accepted": 144.0, "usable": 144.0}, "bin-1", "bin-2")
    kept.write_day(SECOND, {"accepted": 144.0, "usable_hours": 24.0}, "bin-3")
    whole = {"bin-1": LevelHours(above=18.0, measured=24)}
    assert kept.measures.level_hours(percent, since=FIRST, until=THIRD) == whole
    assert kept.measures.usable_hours(since=FIRST, until=SECOND) == {"bin-1": 24}


def test_any_number_of_devices_may_once_have_been_cameras(kept: Kept) -> None:
    device_ids = [f"device-{number:04d}" for number in range(1_100)]
    kept.write_day(FIRST, {"accepted": 0.0, "usable": 9.0, "usable_hours": 9.0}, *device_ids)
    kept.write_day(SECOND, FULL_DAY, *device_ids)
    told = kept.measures.level_hours(80, since=FIRST, until=THIRD)
    assert told == dict.fromkeys(device_ids, LevelHours(above=18.0, measured=24))


def test_hours_that_are_still_being_written_are_not_there_yet(kept: Kept) -> None:
    begins = day_begins(FIRST)
    tags = {"device_id": "bin-1", "place_id": "place-1"}
    shown = {"accepted": 2.0, "level_sum": 1.0, "level_min": 0.4}
    hours = (begins, begins + timedelta(hours=1))
    for hour, fields in zip(hours, ({**shown, "level_max": 0.6}, shown), strict=True):
        written = line(HOURLY, tags, fields, to_us(hour) * 1_000)
        kept.server.write(kept.buckets.hourly, written)
    (told,) = kept.measures.hourly_levels(["bin-1"], since=begins, until=day_begins(SECOND))
    assert (told.hour, told.mean, told.highest) == (begins, 0.5, 0.6)
