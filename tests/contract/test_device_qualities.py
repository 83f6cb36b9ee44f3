"""What every source of qualities answers, whatever it knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.device_quality import DataQuality
from domain.ports.device_quality import DeviceQualities
from ingest.device_quality import SqliteDeviceQualities
from ingest.journal import SqliteJournal
from tests.fakes.ingest_samples import sample_registry
from tests.fakes.manual_clock import START
from tests.fakes.memory_device_qualities import MemoryDeviceQualities

DEVICES = tuple(sample_registry().sensors.values())


@pytest.fixture(params=["memory", "no journal yet", "empty journal"])
def qualities(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeviceQualities]:
    path = tmp_path / "journal.db"
    if request.param == "memory":
        yield MemoryDeviceQualities()
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
