"""What every source of qualities answers, whatever it knows."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.device_quality import DataQuality
from domain.ports.device_quality import DeviceQualities
from ingest.device_quality import SqliteDeviceQualities
from ingest.journal import SqliteJournal
from ingest.postgres.device_quality import PostgresDeviceQualities
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import batch, fill_record, sample_registry
from tests.fakes.manual_clock import START
from tests.fakes.memory_device_qualities import MemoryDeviceQualities

DEVICES = tuple(sample_registry().sensors.values())


@pytest.fixture(params=["memory", "no journal yet", "empty journal", "postgres"])
def qualities(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeviceQualities]:
    path = tmp_path / "journal.db"
    if request.param == "memory":
        yield MemoryDeviceQualities()
        return
    if request.param == "postgres":
        district = PostgresDeviceQualities(request.getfixturevalue("postgres_url"))
        yield district
        district.close()
        return
    if request.param == "empty journal":
        SqliteJournal(path).close()
    opened = SqliteDeviceQualities(path)
    yield opened
    opened.close()


def test_every_device_asked_for_is_answered_and_one_never_heard_of_is_unknown(
    qualities: DeviceQualities,
) -> None:
    answered = qualities.of_devices(DEVICES, until=START)
    assert answered.keys() == {device.device_id for device in DEVICES}
    assert {quality.state for quality in answered.values()} == {DataQuality.UNKNOWN}
    assert {quality.clock_ahead for quality in answered.values()} == {None}


def test_who_asks_for_no_device_gets_none(qualities: DeviceQualities) -> None:
    assert qualities.of_devices((), until=START) == {}


def test_only_gateways_that_were_heard_of_are_told(qualities: DeviceQualities) -> None:
    assert qualities.of_gateways(until=START) == {}


@pytest.mark.parametrize("kept_in", ["sqlite", "postgres"])
def test_what_was_refused_lacked_and_covered_is_told(
    kept_in: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = request.getfixturevalue("postgres_url") if kept_in == "postgres" else None
    with IngestRig(tmp_path, database=database) as rig:
        opened = (
            SqliteDeviceQualities(rig.path)
            if database is None
            else PostgresDeviceQualities(database)
        )
        hour = timedelta(hours=1)
        rig.receive(batch({1: fill_record(), 2: fill_record(at=START + hour), 5: b"{"}))
        rig.receive(batch({6: fill_record(level=0.9), 7: fill_record(1, at=START - hour)}))
        rig.clock.advance(hours=1)
        rig.receive(batch({8: fill_record(at=START + hour)}))
        rig.clock.advance(hours=1)
        told = opened.of_devices(DEVICES, until=rig.clock.now())[DEVICES[0].device_id]
        assert told.refused == {"observed_in_future": 1, "conflict": 1}
        assert (told.coverage.due, told.coverage.observed) == (3, 2)
        assert opened.of_devices(DEVICES, until=rig.clock.now())[DEVICES[1].device_id].late == 1
        (gateway,) = opened.of_gateways(until=rig.clock.now()).values()
        assert (gateway.gaps, gateway.missing) == (1, 2)
        assert gateway.refused == {"unreadable_record": 1}
        opened.close()
