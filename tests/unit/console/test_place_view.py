"""A place's page: what the camera saw, and the curve that does not draw what nobody measured."""

from datetime import datetime, timedelta
from typing import Any

from api.console.palette import Mark
from api.console.view_models.chart import Curve, Limits, district_ms, fill_chart
from api.console.view_models.place import picture_view, place_view
from domain.alerts import Alert, AlertLevel
from domain.problems import ProblemClass
from domain.records import FillReading, MeasurementQuality, Verdict, VerdictState
from tests.fakes.console_samples import CAMERA, CASE, NOW, REGISTRY, SHA, situation, snapshot, words
from texts.catalogue import Locale


def verdict(zone: str, state: VerdictState, problem: ProblemClass) -> Verdict:
    box = ((0.1, 0.2, 0.3, 0.4),)
    return Verdict(zone_id=zone, problem_class=problem, state=state, score=0.7, boxes=box)


def test_a_zone_shows_the_worst_of_its_verdicts_and_unknown_is_not_clean() -> None:
    now = situation(
        snapshot(
            verdict("zone-bin", VerdictState.UNKNOWN, ProblemClass.BIN_OVERFLOW),
            verdict("zone-ground", VerdictState.CLEAR, ProblemClass.SCATTERED_LITTER),
            verdict("zone-ground", VerdictState.PRESENT, ProblemClass.EXPOSED_WASTE),
        )
    )
    view = picture_view(CAMERA, now, words())
    assert [zone.mark for zone in view.zones] == [Mark.UNKNOWN, Mark.PROBLEM]
    assert [row.state for row in view.verdicts] == ["无法判断", "未见", "存在"]
    assert view.sha256 == SHA
    assert (view.boxes[0].x, view.boxes[0].height) == (10, 40)


def test_a_zone_without_a_verdict_is_unknown() -> None:
    view = picture_view(CAMERA, situation(snapshot()), words())
    assert {zone.mark for zone in view.zones} == {Mark.UNKNOWN}


def test_a_camera_that_never_spoke_shows_no_picture_and_is_unknown() -> None:
    view = picture_view(CAMERA, situation(), words())
    assert (view.sha256, view.health_mark) == (None, Mark.UNKNOWN)


def test_a_place_says_who_answers_for_it_in_the_readers_language() -> None:
    place = REGISTRY.places["place-1"]
    view = place_view(
        place, situation=situation(), cases=(CASE,), alerts=(), words=words(Locale.EN)
    )
    assert (view.title, view.mark) == ("Renmin Road 1", Mark.UNKNOWN)
    assert ("Subdistrict", "Dongguan") in view.facts
    assert [card.number for card in view.cases] == [CASE.number]


def test_an_alert_tells_why_it_fired_and_that_it_is_open() -> None:
    alert = Alert(
        alert_id="alert-1",
        place_id="place-1",
        device_id=None,
        subject=ProblemClass.BIN_OVERFLOW,
        level=AlertLevel.CRITICAL,
        fired_at=NOW,
        case_id="case-1",
        reasons=("camera_sees_overflow", "named_by_nobody"),
    )
    place = REGISTRY.places["place-1"]
    view = place_view(place, situation=situation(), cases=(), alerts=(alert,), words=words())
    (row,) = view.alerts
    assert (row.mark, row.until, row.case_href) == (Mark.PROBLEM, "—", "/cases/case-1")
    assert row.reasons.endswith(" · named_by_nobody")
    assert "camera_sees" not in row.reasons


def reading(
    minutes: int, level: float, quality: MeasurementQuality = MeasurementQuality.ACCEPTED
) -> tuple[datetime, FillReading]:
    values = FillReading(measurement_quality=quality, filling_level=level)
    return NOW - timedelta(minutes=minutes), values


def series_of(*readings: tuple[datetime, FillReading]) -> dict[str, Any]:
    curve = Curve(
        label="1",
        report_interval_s=300,
        readings=readings,
        emptied_at=[NOW - timedelta(minutes=12)],
    )
    options: dict[str, Any] = fill_chart(
        [curve],
        since=NOW - timedelta(hours=6),
        until=NOW,
        limits=Limits(warning=0.8, critical=0.9),
        words=words(),
    )
    series: dict[str, Any] = options["series"][0]
    return series


def test_the_curve_has_a_hole_where_the_sensor_was_silent() -> None:
    data = series_of(reading(90, 0.2), reading(85, 0.3), reading(10, 0.5))["data"]
    assert [level for _, level in data] == [20.0, 30.0, None, 50.0]


def test_a_reading_that_cannot_be_believed_is_not_drawn() -> None:
    doubtful = reading(5, 3.0, MeasurementQuality.SUSPICIOUS)
    assert [level for _, level in series_of(reading(10, 0.5), doubtful)["data"]] == [50.0]


def test_the_limits_and_the_emptyings_are_marked() -> None:
    series = series_of(reading(15, 0.9), reading(10, 0.05))
    assert [line["yAxis"] for line in series["markLine"]["data"]] == [80, 90]
    assert [point["coord"][1] for point in series["markPoint"]["data"]] == [5.0]


def test_of_emptyings_close_together_only_the_first_is_named() -> None:
    def curve(*minutes: int) -> Curve:
        return Curve(
            label="1",
            report_interval_s=300,
            readings=(),
            emptied_at=[NOW - timedelta(minutes=past) for past in minutes],
        )

    options: dict[str, Any] = fill_chart(
        [curve(300, 290), curve(300, 228)],
        since=NOW - timedelta(hours=6),
        until=NOW,
        limits=Limits(warning=0.8, critical=0.9),
        words=words(),
    )
    named = [
        [point["label"]["show"] for point in series["markPoint"]["data"]]
        for series in options["series"]
    ]
    assert named == [[True, False], [False, True]]


def test_a_window_of_days_says_which_day() -> None:
    def axis(hours: int) -> str:
        options: dict[str, Any] = fill_chart(
            [],
            since=NOW - timedelta(hours=hours),
            until=NOW,
            limits=Limits(warning=0.8, critical=0.9),
            words=words(),
        )
        return str(options["xAxis"]["axisLabel"]["formatter"])

    assert "{d}" not in axis(24)
    assert "{d}" in axis(72)


def test_times_are_those_of_the_district_wherever_the_browser_stands() -> None:
    eight_hours_ms = 8 * 3600 * 1000
    assert district_ms(NOW) == round(NOW.timestamp() * 1000) + eight_hours_ms
