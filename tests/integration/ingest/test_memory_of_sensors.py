"""What a sensor costs in the memory of ingest: what is kept of it, and what a backlog takes."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.registry import RegistrySnapshot
from ingest.ports.journal import Known
from ingest.rollups import HOUR_US, Tallies, fold_days, put_hours
from ingest.round_builder import RoundBuilder
from ingest.series_schema import open_series_schema
from storage.sqlite import SqliteFile
from tests.benchmarks.ingest_load import Load, batch_from, registry_of
from tests.fakes.manual_clock import START
from tests.servers import GATEWAY_ID

FEW, MANY = 500, 2_000
KEPT_BYTES = 900
"""About 790 where it was measured; it was 1,010 while nothing was shared between sensors."""

BACKLOG_BYTES = 1_000
"""Where all rows were made before the first was written, it was 2,000 a sensor and hour."""


class Traced:
    """Bytes of Python's memory since the tracing began: held now, and at most."""

    def __init__(self) -> None:
        gc.collect()
        self._before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()

    def held(self) -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - self._before

    def most(self) -> int:
        return tracemalloc.get_traced_memory()[1] - self._before


@pytest.fixture
def traced() -> Iterator[Callable[[], Traced]]:
    tracemalloc.start()
    yield Traced
    tracemalloc.stop()


def judged(registry: RegistrySnapshot, sensors: int, rounds: int) -> Known:
    """Let each sensor send ``rounds`` late readings; return what is known then."""
    known = Known()
    load = Load(size=500, window=1, sensors=sensors, every=timedelta(minutes=5))
    for first in range(1, sensors * rounds, load.size):
        builder = RoundBuilder(
            known=known, find=lambda _uplink, _sequence: None, registry=registry, now=START
        )
        builder.add_batch(GATEWAY_ID, batch_from(first, load, START - timedelta(hours=1)))
        builder.judge_records()
        assert len(builder.round.records) == load.size
    return known


def test_what_is_kept_of_a_sensor_stays_small(traced: Callable[[], Traced]) -> None:
    registry = registry_of(MANY)
    judged(registry, FEW, 1)  # what the first records make once and for all
    held = []
    for sensors in (FEW, MANY):
        memory = traced()
        known = judged(registry, sensors, 2)
        held.append(memory.held())
        del known

    assert (held[1] - held[0]) / (MANY - FEW) < KEPT_BYTES


@contextmanager
def series_file(path: Path) -> Iterator[SqliteFile]:
    file = SqliteFile(path)
    open_series_schema(file)
    yield file
    file.close()


def test_rolling_up_a_backlog_takes_little_more_memory_for_more_sensors(
    tmp_path: Path, traced: Callable[[], Traced]
) -> None:
    most = []
    for sensors in (2 * FEW, 2 * MANY):
        tallies = Tallies()
        devices = np.tile(np.arange(sensors), 2)
        hours = np.repeat(np.array([480_000, 480_001]), sensors)
        tallies.readings(hours * HOUR_US, devices, np.full(2 * sensors, 0.5))
        with series_file(tmp_path / f"{sensors}.db") as file, file.transaction() as connection:
            memory = traced()
            fold_days(connection, put_hours(connection, tallies))
            most.append(memory.most())

    assert (most[1] - most[0]) / (2 * (MANY - FEW)) < BACKLOG_BYTES
