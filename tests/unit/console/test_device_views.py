"""Devices: what is not known never looks fine."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.console.palette import Mark
from api.console.view_models.devices import device_row, device_rows, matching
from domain.device_health import HealthLimits
from domain.device_quality import DeviceQuality
from domain.measures import Coverage
from domain.records import CameraHealth, MeasurementQuality, Record
from ingest.reasons import RefusalReason, Suspicion
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


def data_of(
    quality: DeviceQuality | None, locale: Locale = Locale.EN
) -> tuple[Mark, str, tuple[str, ...]]:
    known = {} if quality is None else {SENSOR.device_id: quality}
    seen = replace(situation(fill(1, 0.4)), quality=known)
    row = device_row(SENSOR, situation=seen, words=words(locale))
    return row.data_mark, row.data, row.flaws


@pytest.mark.parametrize(
    "quality",
    [
        None,
        DeviceQuality(coverage=Coverage(due=0, observed=0)),
        DeviceQuality(coverage=Coverage(due=24, observed=0)),
    ],
)
def test_a_device_whose_data_nobody_has_never_looks_good(quality: DeviceQuality | None) -> None:
    assert data_of(quality)[0] is Mark.UNKNOWN


def test_a_device_that_covers_its_day_is_good_and_says_how_far() -> None:
    covered = DeviceQuality(coverage=Coverage(due=24, observed=23))
    assert data_of(covered) == (Mark.CLEAN, "23 of 24 h covered", ())


def test_what_is_wrong_with_records_is_said_in_words_of_the_reader() -> None:
    flawed = DeviceQuality(
        coverage=Coverage(due=24, observed=24),
        refused={"rate_exceeded": 7},
        suspicious={"level_spike": 2},
        late=3,
        clock_ahead=timedelta(minutes=-8),
    )
    mark, _, flaws = data_of(flawed)
    assert mark is Mark.WARNING
    assert flaws == (
        "7 refused: Sent too often",
        "2 doubtful: Level jumped and came back",
        "Clock 8 min behind",
        "3 late",
    )
    assert data_of(flawed, Locale.ZH_CN)[2][0] == "拒收7条：上报过于频繁"


def test_a_healthy_device_whose_records_are_flawed_needs_attention() -> None:
    flawed = DeviceQuality(coverage=Coverage(due=24, observed=24), refused={"conflict": 1})
    seen = replace(situation(fill(1, 0.4), fill(2, 0.4)), quality={"fill-1": flawed})
    rows = device_rows(seen.devices, situation=seen, words=words())
    assert "fill-1" in {row.key for row in matching(rows, search="", only="attention")}
    assert "fill-2" not in {row.key for row in matching(rows, search="", only="attention")}


@pytest.mark.parametrize("locale", Locale)
def test_every_reason_of_ingest_has_words(locale: Locale) -> None:
    said = words(locale)
    assert [r for r in RefusalReason if said.refusal_reason(r) == r] == []
    assert [s for s in Suspicion if said.suspicion(s) == s] == []
