"""The first page: offline is not clean, and what is worst stands first."""

from dataclasses import replace
from datetime import timedelta

from api.console.palette import Mark
from api.console.situation import Situation
from api.console.view_models.district import DistrictView, district_view
from domain.alerts import Alert, AlertLevel
from domain.problems import ProblemClass
from tests.fakes.console_samples import CASE, NOW, fill, situation, words
from texts.catalogue import Locale


def view_of(now: Situation, locale: Locale = Locale.ZH_CN) -> DistrictView:
    return district_view(now, words(locale))


def marks(view: DistrictView) -> dict[str, Mark]:
    return {marker.key: marker.mark for marker in view.markers}


def counters(view: DistrictView) -> dict[str, int]:
    return {counter.key: counter.number for counter in view.counters}


def test_a_silent_place_is_unknown_and_wants_attention() -> None:
    view = view_of(situation(fill(2, 0.2), fill(1, 0.1, at=NOW - timedelta(hours=5))))
    assert marks(view) == {"place-1": Mark.UNKNOWN, "place-2": Mark.CLEAN}
    assert [(row.key, row.why) for row in view.attention] == [
        ("place-1", "无可信数据（0/2 台设备在线）")
    ]


def test_a_full_bin_without_a_case_is_watched_but_sends_nobody() -> None:
    view = view_of(situation(fill(1, 0.85), fill(2, 0.2)))
    assert marks(view)["place-1"] is Mark.WARNING
    assert view.attention == ()


def test_overdue_places_come_before_problems_and_these_before_the_unknown() -> None:
    late = replace(CASE, due_at=NOW - timedelta(minutes=9))
    view = view_of(situation(cases=(late,)), Locale.EN)
    assert [(row.key, row.mark) for row in view.attention] == [
        ("place-1", Mark.OVERDUE),
        ("place-2", Mark.UNKNOWN),
    ]
    first = view.attention[0]
    assert (first.case_number, first.timing.text) == (CASE.number, "9 min overdue")
    assert (first.why, first.who) == ("Bin overflow", "Crew 1")


def test_counters_count_places_cases_and_devices() -> None:
    alert = Alert(
        alert_id="alert-1",
        place_id="place-1",
        device_id=None,
        subject=ProblemClass.BIN_OVERFLOW,
        level=AlertLevel.CRITICAL,
        fired_at=NOW,
    )
    watched = replace(alert, alert_id="alert-2", place_id="place-2", level=AlertLevel.WARNING)
    late = replace(CASE, due_at=NOW - timedelta(minutes=9))
    now = replace(situation(fill(1, 0.95), cases=(late,)), open_alerts=(alert, watched))
    assert counters(view_of(now)) == {
        "overflowing": 1,
        "open_cases": 1,
        "overdue": 1,
        "offline": 2,
    }


def test_a_counter_at_zero_is_not_coloured() -> None:
    view = view_of(situation(fill(1, 0.1), fill(2, 0.1)))
    by_key = {counter.key: counter for counter in view.counters}
    assert by_key["overdue"].mark is None
    assert by_key["offline"].mark is Mark.UNKNOWN


def test_names_follow_the_readers_language() -> None:
    assert view_of(situation()).outlines[0].label == "东关街道"
    assert view_of(situation(), Locale.EN).markers[1].label == "Tiejiang Alley 2"
