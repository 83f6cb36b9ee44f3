"""A year of every device's days added up by a real InfluxDB; a month also here, point by point.

``python -m tests.benchmarks.influx_year [--devices 2000 --days 365 --rounds 3]``: a Markdown table
of wall time and of the CPU time that server and client took. The points are written by the line
writer of the daily rollups, into buckets as set-up makes them. Point by point is the plain way; it
is asked once, by a client that waits as long as it takes, and must say the same.
"""

import argparse
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import psutil
from influxdb_client import InfluxDBClient

from domain.devices import Device, FillSensor
from domain.measures import LEVEL_STEPS, NO_HOURS, LevelHours, level_step
from domain.registry import RegistrySnapshot
from ingest.influx.buckets import BucketNames
from ingest.influx.flux import bucket_text
from ingest.influx.measures import InfluxMeasures
from ingest.influx.rollup_lines import DAILY, DISTRICT, LEVEL_FIELDS, day_begins, lines_of_rollups
from ingest.influx.server import InfluxAdministration, InfluxServer
from ingest.ports.rollup_feed import DailyRollup, LevelSummary
from tests.benchmarks.surroundings import cpu_s, print_surroundings
from tests.dashboards.large_district import large_registry
from tests.influx_server import ADMIN_TOKEN, ORG, RunningInflux, start_influx

LEVELS = (80, 50, 0)
"""80 is what pages ask for; half of the steps are the most that is ever added up."""

_MONTH_DAYS = 31
_PATIENCE_MS = 600_000
_DEVICES_A_PLACE = 2.7
_SHARE_MISSING, _SHARE_MUTE = 0.02, 0.02


def days_of(registry: RegistrySnapshot, devices: int, day: date) -> Iterator[DailyRollup]:
    """Yield a day of the first devices: a reading every ten minutes, some days amiss."""
    dice = random.Random(day.toordinal())
    every: list[Device] = [*registry.cameras.values(), *registry.sensors.values()]
    for device in every[:devices]:
        if dice.random() < _SHARE_MISSING:
            continue
        mute = not isinstance(device, FillSensor) or dice.random() < _SHARE_MUTE
        in_order = not mute or not isinstance(device, FillSensor)
        yield _day_of(device.device_id, day, mute=mute, in_order=in_order, dice=dice)


def _day_of(
    device_id: str, day: date, *, mute: bool, in_order: bool, dice: random.Random
) -> DailyRollup:
    hours = [0.0] * LEVEL_STEPS
    level_sum = 0.0
    step = dice.randrange(LEVEL_STEPS)
    for _ in range(0 if mute else 24):
        share = dice.randrange(7) / 6
        step = (step + 1) % LEVEL_STEPS
        hours[step - 1] += share
        hours[step] += 1 - share
        level_sum += step * 0.3
    levels = LevelSummary(
        accepted=0 if mute else 144,
        level_sum=level_sum,
        lowest=None if mute else 0.05,
        highest=None if mute else 0.95,
    )
    return DailyRollup(
        revision=0,
        device_id=device_id,
        day=day,
        records=144,
        usable=144 if in_order else 0,
        levels=levels,
        emptyings=1,
        heard_hours=24,
        usable_hours=24 if in_order else 0,
        level_hours=tuple(hours),
    )


def fill(influx: RunningInflux, *, devices: int, days: int) -> None:
    """Write all days until yesterday."""
    administration = InfluxAdministration(influx.address())
    for name, kept_s in BucketNames().kept_s().items():
        administration.make_bucket(name, kept_s=kept_s)
    administration.close()
    registry = large_registry(round(devices / _DEVICES_A_PLACE) + 1)
    server = InfluxServer(influx.address())
    began_s, count, today = time.monotonic(), 0, _today()
    for back in range(days, 0, -1):
        rollups = list(days_of(registry, devices, today - timedelta(days=back)))
        server.write(BucketNames().daily, lines_of_rollups(rollups, registry).text)
        count += len(rollups)
    server.close()
    print(f"Filled: {count:,} points in {time.monotonic() - began_s:.0f} s.\n")


def _today() -> date:
    return datetime.now(UTC).astimezone(DISTRICT).date()


class PointByPoint:
    """Adds up here, from every field of every point."""

    def __init__(self, client: InfluxDBClient) -> None:
        self._queries = client.query_api()

    def level_hours(self, percent: int, *, since: date, until: date) -> Mapping[str, LevelHours]:
        """Return the hours at or above a level by sensor."""
        fields = LEVEL_FIELDS[level_step(percent) :]
        found: dict[str, LevelHours] = {}
        flux = (
            f"from(bucket: {bucket_text(BucketNames().daily)})"
            f" |> range(start: {_time(since)}, stop: {_time(until)})"
            f' |> filter(fn: (r) => r._measurement == "{DAILY}")'
            ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        )
        for row in self._queries.query_stream(flux):
            if row["accepted"] > 0:
                day = LevelHours(
                    above=sum(row[field] for field in fields), measured=int(row["usable_hours"])
                )
                found[row["device_id"]] = found.get(row["device_id"], NO_HOURS) + day
        return found


def _time(day: date) -> str:
    return day_begins(day).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Seconds that a question took: by the clock, of the server's processor and of ours."""

    wall_s: float
    server_s: float
    client_s: float


def ask(question: Callable[[], object], server: psutil.Process, rounds: int) -> Took:
    """Return the medians."""
    found = []
    for _ in range(rounds):
        began = (time.monotonic(), cpu_s([server]), time.process_time())
        question()
        ended = (time.monotonic(), cpu_s([server]), time.process_time())
        found.append([after - before for before, after in zip(began, ended, strict=True)])
    wall_s, server_s, client_s = (statistics.median(column) for column in zip(*found, strict=True))
    return Took(wall_s=wall_s, server_s=server_s, client_s=client_s)


def measure(influx: RunningInflux, *, days: int, rounds: int) -> None:
    """Ask for a month and for all days, and for the month point by point."""
    server, process, until = InfluxServer(influx.address()), psutil.Process(influx.pid), _today()
    measures = InfluxMeasures(server, BucketNames())
    print("| question | days | added up | s | server CPU s | client CPU s |")
    print("| --- | ---: | --- | ---: | ---: | ---: |")
    for back in sorted({min(days, _MONTH_DAYS), days}):
        since = until - timedelta(days=back)
        for level in LEVELS:
            levels = partial(measures.level_hours, level, since=since, until=until)
            _report(f"hours from {level} %", back, "there", ask(levels, process, rounds))
        usable = partial(measures.usable_hours, since=since, until=until)
        _report("usable hours", back, "there", ask(usable, process, rounds))
    back = min(days, _MONTH_DAYS)
    since = until - timedelta(days=back)
    told: dict[str, LevelHours] = {}
    with InfluxDBClient(url=influx.url, token=ADMIN_TOKEN, org=ORG, timeout=_PATIENCE_MS) as client:
        by_point = PointByPoint(client)

        def levels_here() -> None:
            told.update(by_point.level_hours(LEVELS[0], since=since, until=until))

        _report(f"hours from {LEVELS[0]} %", back, "here", ask(levels_here, process, 1))
    check_alike(measures.level_hours(LEVELS[0], since=since, until=until), told)
    server.close()


def check_alike(told: Mapping[str, LevelHours], expected: Mapping[str, LevelHours]) -> None:
    """Raise AssertionError where two answers differ by more than floating sums do."""
    assert told.keys() == expected.keys()
    for device_id, hours in expected.items():
        assert told[device_id].measured == hours.measured
        assert math.isclose(told[device_id].above, hours.above, abs_tol=1e-9)


def _report(question: str, days: int, where: str, took: Took) -> None:
    cells = " | ".join(f"{one:.2f}" for one in (took.wall_s, took.server_s, took.client_s))
    print(f"| {question} | {days} | {where} | {cells} |", flush=True)


def main() -> None:
    """Fill a server, ask, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print_surroundings(f"{given.days} days of {given.devices:,} devices added up")
    with tempfile.TemporaryDirectory() as folder:
        influx = start_influx(Path(folder))
        try:
            fill(influx, devices=given.devices, days=given.days)
            measure(influx, days=given.days, rounds=given.rounds)
        finally:
            influx.stop()


if __name__ == "__main__":
    main()
