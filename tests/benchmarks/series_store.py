"""The embedded time series at full size: how fast it takes readings, how small it keeps them, how
soon it answers; beside a plain SQLite table keyed (series, time) that gets the same readings.

Readings go in by the same call as in a run, with ``latest``, rollups and sealing, in transactions
of 8,000, each synced. Making the readings is not counted. The plain table only gets the first days:
it grows slower with its size, so this is in its favour.

    python -m tests.benchmarks.series_store [--days 30] [--places 2000] [--plain-days 3]
"""

import argparse
import gc
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from domain.fill import filling_level
from domain.measures import coverage_by_unit, hours_by_place, latest_by_place, rank_areas
from domain.places import AreaKind
from domain.records import FillReading, JournalEntry, MeasurementQuality, Record, UplinkId
from domain.registry import RegistrySnapshot
from ingest.history import SqliteHistory
from ingest.instants import to_us
from ingest.measures import SqliteMeasures
from ingest.series import SqliteSeries
from ingest.stretch import NOTHING
from storage.sqlite import SqliteFile
from tests.benchmarks.surroundings import print_surroundings
from tests.fakes.ingest_samples import BOOT, GATEWAY, sample_registry
from tests.fakes.journal_stretches import stretch_of

TRANSACTION = 8_000
EVERY = timedelta(minutes=5)
TICKS_A_DAY = 288
FIRST_DAY = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Midnight in Shanghai."""

_PLAIN = """
CREATE TABLE readings (
  series INTEGER NOT NULL, time INTEGER NOT NULL, quality INTEGER NOT NULL, filling_level REAL,
  distance_mm REAL, temperature_c REAL, battery_v REAL, battery_ratio REAL, cover_open INTEGER,
  out_of_position INTEGER, rssi_dbm REAL, PRIMARY KEY (series, time)
) WITHOUT ROWID"""
_PUT_PLAIN = "INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"


# The driver takes exact ints several times faster than bools and words of an enumeration.
_QUALITIES = {quality: code for code, quality in enumerate(MeasurementQuality)}
_FLAGS = {None: None, False: 0, True: 1}


def district(places: int) -> RegistrySnapshot:
    """Return a registry of that many places, one sensor each, in all kinds of surroundings."""
    one = sample_registry(sensors=1)
    kinds = list(AreaKind)
    place, sensor = one.places["place-1"], next(iter(one.sensors.values()))
    return replace(
        one,
        cameras={},
        places={
            f"place-{n + 1}": replace(
                place, place_id=f"place-{n + 1}", area_kind=kinds[n % len(kinds)]
            )
            for n in range(places)
        },
        sensors={
            f"sensor-{n:05d}": replace(
                sensor, device_id=f"sensor-{n:05d}", place_id=f"place-{n + 1}"
            )
            for n in range(places)
        },
    )


def pool_of_readings(registry: RegistrySnapshot) -> list[list[FillReading]]:
    """Return readings by filling height in mm, a few of each with other side values."""
    container = registry.containers["bin-1"]
    dice = random.Random(7)
    floor_mm = int(container.depth_mm + container.sensor_above_rim_mm)
    return [
        [
            FillReading(
                measurement_quality=MeasurementQuality.ACCEPTED,
                filling_level=filling_level(float(floor_mm - height), container),
                distance_mm=float(floor_mm - height),
                temperature_c=round(dice.gauss(21, 4), 1),
                battery_v=round(3.6 - dice.random() / 50, 2),
                cover_open=False,
                rssi_dbm=float(dice.randint(-115, -85)),
            )
            for _ in range(8)
        ]
        for height in range(1_051)
    ]


def entries_of_a_day(
    day: int, devices: Sequence[str], pool: list[list[FillReading]], position: int
) -> Iterator[JournalEntry]:
    """Yield a day's entries in order of time: each bin fills at its pace and is emptied once."""
    dice = random.Random(day)
    uplink_id = UplinkId(gateway_id=GATEWAY, boot_id=BOOT, sequence=1)
    for tick in range(TICKS_A_DAY):
        start = FIRST_DAY + timedelta(days=day) + tick * EVERY
        for number, device_id in enumerate(devices):
            # A device keeps its second of the interval and wavers by milliseconds.
            at = start + timedelta(
                seconds=number * 300 // len(devices), milliseconds=dice.randrange(900)
            )
            since_emptied = (tick + number * 7) % TICKS_A_DAY
            height = min(1_050, since_emptied * (2 + number % 5) + dice.randrange(6))
            record = Record(
                device_id=device_id,
                observed_at=at,
                gateway_at=at,
                values=pool[height][dice.randrange(8)],
            )
            position += 1
            yield JournalEntry(
                position=position,
                uplink_id=uplink_id,
                received_at=at,
                late=False,
                sets_state=True,
                record=record,
            )


class PlainTable:
    """What one would write first: the same columns, keyed by series and time."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path)
        self._file.connection.execute(_PLAIN)
        self._numbers: dict[str, int] = {}

    def append(self, entries: Sequence[JournalEntry]) -> None:
        """Insert the readings in one synced transaction."""
        records = [entry.record for entry in entries]
        for record in records:
            self._numbers.setdefault(record.device_id, len(self._numbers))
        rows = [self._row(record) for record in records]
        with self._file.transaction() as connection:
            connection.executemany(_PUT_PLAIN, rows)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _row(self, record: Record) -> tuple[float | None, ...]:
        reading = record.values
        assert isinstance(reading, FillReading)
        return (
            self._numbers[record.device_id],
            to_us(record.observed_at),
            _QUALITIES[reading.measurement_quality],
            reading.filling_level,
            reading.distance_mm,
            reading.temperature_c,
            reading.battery_v,
            reading.battery_ratio,
            _FLAGS[reading.cover_open],
            _FLAGS[reading.out_of_position],
            reading.rssi_dbm,
        )


@dataclass(slots=True)
class Spent:
    """Readings taken, and the time that took."""

    readings: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, readings: int, work: Callable[[], object]) -> None:
        """Do the work and count it."""
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        self.wall_s += time.perf_counter() - wall
        self.cpu_s += time.process_time() - cpu
        self.readings += readings

    def rate(self) -> str:
        """Return the rate in words."""
        return (
            f"{self.readings / self.wall_s:,.0f} readings/s,"
            f" {self.readings / self.cpu_s:,.0f} per CPU second"
        )


def seal_closed_days(series: SqliteSeries) -> None:
    """Seal as the upkeep does when some time has passed."""
    series.settle()
    series.settle()
    while series.seal_next() is not None:
        pass


def milliseconds(work: Callable[[], object], times: int) -> str:
    """Return median and worst time of the work."""
    work()
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append((time.perf_counter() - begun) * 1000)
    return f"{statistics.median(found):8.2f} ms (worst {max(found):.2f})"


def size(path: Path) -> int:
    """Return the size of the file, without its write-ahead log."""
    return path.stat().st_size


def load(folder: Path, registry: RegistrySnapshot, days: int, plain_days: int) -> None:
    """Fill both stores and report rates and sizes."""
    devices = list(registry.sensors)
    pool = pool_of_readings(registry)
    gc.freeze()  # what the benchmark itself holds shall not be walked again and again
    series, plain = SqliteSeries(folder / "series.db"), PlainTable(folder / "plain.db")
    ours_beside, ours, theirs = Spent(), Spent(), Spent()
    begun, position = time.perf_counter(), 0
    for day in range(days):
        source = entries_of_a_day(day, devices, pool, position)
        while batch := list(islice(source, TRANSACTION)):
            position += len(batch)
            spent = ours_beside if day < plain_days else ours
            spent.add(len(batch), lambda batch=batch: series.append(stretch_of(batch)))  # type: ignore[misc]
            if day < plain_days:
                theirs.add(len(batch), lambda batch=batch: plain.append(batch))  # type: ignore[misc]
        (ours_beside if day < plain_days else ours).add(0, lambda: seal_closed_days(series))
        (ours_beside if day < plain_days else ours).add(0, lambda: series.append(NOTHING))
        if day + 1 == plain_days:
            plain.close()
            per_row = size(folder / "plain.db") / theirs.readings
            print(
                f"plain table, {theirs.readings:,} rows: {theirs.rate()}, {per_row:.1f} bytes a row"
            )
            print(f"the series, same days:  {ours_beside.rate()}")
            ratio = (theirs.cpu_s / theirs.readings) / (ours_beside.cpu_s / ours_beside.readings)
            wall = (theirs.wall_s / theirs.readings) / (ours_beside.wall_s / ours_beside.readings)
            print(f"the series / plain table: {wall:.2f} by time, {ratio:.2f} by CPU", flush=True)
    if ours.readings:
        print(f"the series, other days: {ours.rate()}")
    print(f"loaded {position:,} readings in {time.perf_counter() - begun:.0f} s with their making")
    series.close()
    print(f"the series: {size(folder / 'series.db') / position:.1f} bytes a reading", flush=True)
    report_tables(folder / "series.db", position)


def report_tables(path: Path, readings: int) -> None:
    """Report what takes the room, as far as SQLite can tell without walking the pages."""
    connection = sqlite3.connect(path)
    (sealed, bytes_sealed) = connection.execute(
        "SELECT sum(readings), sum(length(chunk)) FROM sealed"
    ).fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (hot,) = connection.execute("SELECT count(*) FROM fill").fetchone()
    (in_blocks,) = connection.execute("SELECT coalesce(sum(readings), 0) FROM blocks").fetchone()
    connection.close()
    if sealed:
        print(
            f"  sealed {sealed:,} readings at {bytes_sealed / sealed:.1f} bytes;"
            f" {in_blocks:,} in blocks; {hot:,} in rows;"
        )
    print(f"  free pages {free * 4096 / readings:.1f} bytes a reading")


def ask(folder: Path, registry: RegistrySnapshot, days: int, times: int) -> None:
    """Report how long the questions of a dispatcher take."""
    measures, history = SqliteMeasures(folder / "series.db"), SqliteHistory(folder / "series.db")
    since, until = FIRST_DAY.date() + timedelta(days=1), FIRST_DAY.date() + timedelta(days=1 + days)
    dice = random.Random(3)
    devices = list(registry.sensors)
    end = FIRST_DAY + timedelta(days=days)

    def one() -> str:
        return dice.choice(devices)

    def whole() -> None:
        measures.hourly_levels([one()], since=FIRST_DAY, until=end)

    def a_day() -> None:
        start = FIRST_DAY + timedelta(days=dice.randrange(max(1, days - 2)))
        history.fill(one(), since=start, until=start + timedelta(days=1))

    def above() -> None:
        hours_by_place(measures.level_hours(80, since=since, until=until), registry)

    def ranking() -> None:
        hours = measures.level_hours(80, since=since, until=until)
        rank_areas(hours, registry, lambda place: place.area_kind)

    def coverage() -> None:
        usable = measures.usable_hours(since=since, until=until)
        coverage_by_unit(usable, registry, hours_due=24 * days)

    questions: dict[str, Callable[[], object]] = {
        "latest level of every place": lambda: latest_by_place(measures.latest_levels(), registry),
        f"hourly levels of a place, {days} days": whole,
        "hours at or above 80 % of every place": above,
        "areas ranked by it": ranking,
        "coverage by unit": coverage,
        "all readings of a sensor on a day": a_day,
    }
    for name, work in questions.items():
        print(f"{name:42} {milliseconds(work, times)}", flush=True)
    measures.close()
    history.close()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--places", type=int, default=2_000)
    parser.add_argument("--plain-days", type=int, default=3)
    parser.add_argument("--asked", type=int, default=15, help="times each question is asked")
    parser.add_argument("--folder", type=Path, help="keep the files here")
    options = parser.parse_args()
    print_surroundings("The embedded time series")
    registry = district(options.places)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        load(folder, registry, options.days, min(options.plain_days, options.days))
        ask(folder, registry, options.days, options.asked)


if __name__ == "__main__":
    main()
