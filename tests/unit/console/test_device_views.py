"""Devices: what is not known never looks fine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.console.palette import Mark
from api.console.view_models.devices import device_row, device_rows, matching
from domain.device_health import HealthLimits
from domain.records import CameraHealth, MeasurementQuality, Record
from tests.fakes.console_samples import CAMERA, REGISTRY, fill, situation, snapshot, words
from texts.catalogue import Locale

SENSOR = REGISTRY.sensors["fill-1"]


def health(*records: Record) -> tuple[Mark, str]:
    row = device_row(SENSOR, situation=situation(*records), words=words())
    return row.mark, row.health


def test_a_sensor_that_reports_believable_levels_is_fine() -> None:
    assert health(fill(1, 0.4)) == (Mark.CLEAN, "正常")


@pytest.mark.parametrize(
    "records",
    [
        (),
        (fill(1, None),),
        (fill(1, 0.4, quality=MeasurementQuality.SUSPICIOUS),),
        (fill(1, 0.4, quality=MeasurementQuality.REJECTED),),
    ],
)
def test_without_a_believable_level_a_sensor_never_looks_fine(records: tuple[Record, ...]) -> None:
    assert health(*records)[0] is Mark.UNKNOWN


def test_the_limits_of_the_alerts_say_when_a_device_is_silent() -> None:
    def mark_with(limits: HealthLimits) -> Mark:
        heard = fill(1, 0.4)
        at = heard.observed_at + timedelta(hours=2)
        seen = replace(situation(heard), at=at, health_limits=limits)
        return device_row(SENSOR, situation=seen, words=words()).mark

    assert mark_with(HealthLimits()) is Mark.UNKNOWN
    assert mark_with(HealthLimits(silent_after_at_least=timedelta(hours=3))) is Mark.CLEAN


def test_a_weak_battery_is_a_warning() -> None:
    assert health(fill(1, 0.4, battery=0.2)) == (Mark.WARNING, "电量低")


@pytest.mark.parametrize("state", [h for h in CameraHealth if h is not CameraHealth.OK])
def test_a_camera_whose_picture_cannot_be_judged_is_unknown(state: CameraHealth) -> None:
    now = situation(snapshot(health=state))
    row = device_row(CAMERA, situation=now, words=words(Locale.EN))
    assert row.mark is Mark.UNKNOWN
    assert row.health.startswith("Picture unusable: ")


def test_what_was_not_told_is_said_to_be_unknown_not_zero() -> None:
    row = device_row(SENSOR, situation=situation(), words=words(Locale.EN))
    assert (row.battery, row.reading, row.seen) == ("not known", "not known", "never")


def test_the_worst_devices_come_first() -> None:
    now = situation(fill(1, 0.4), fill(2, 0.4, battery=0.1))
    rows = device_rows(now.devices, situation=now, words=words())
    assert [row.key for row in rows] == ["cam-1", "fill-2", "fill-1"]


@pytest.mark.parametrize(
    ("search", "only", "found"),
    [
        ("", "all", {"cam-1", "fill-1", "fill-2"}),
        ("", "attention", {"cam-1", "fill-2"}),
        ("", "sensors", {"fill-1", "fill-2"}),
        ("", "cameras", {"cam-1"}),
        ("FILL-2", "all", {"fill-2"}),
        ("人民路", "sensors", {"fill-1"}),
        ("nowhere", "all", set()),
    ],
)
def test_devices_are_found_by_id_place_and_kind(search: str, only: str, found: set[str]) -> None:
    now = situation(fill(1, 0.4))
    rows = device_rows(now.devices, situation=now, words=words())
    assert {row.key for row in matching(rows, search=search, only=only)} == found
