"""What a browser sends of a camera's zones is checked; what a trial says is told by picture."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.console.palette import Mark
from api.console.view_models.calibration import (
    editor_zones,
    refusal_text,
    trial_marks,
    trial_rows,
    version_rows,
    zones_of,
)
from api.console.view_models.ground_scale import ground_scale
from api.console.view_models.reviews import view_of
from api.console.words import Words
from domain.calibration import (
    BadZoneError,
    CalibrationVersion,
    CameraCalibration,
    ZoneFault,
    area_of,
    check_zones,
    crosses_itself,
)
from domain.cases import Actor
from domain.checks import InvalidValueError
from domain.devices import Zone, ZoneKind
from domain.ports.camera_bench import Trial
from domain.problems import ProblemClass
from domain.records import CameraHealth, SnapshotVerdicts, Verdict, VerdictState
from tests.fakes.sample_pictures import street_camera
from texts.catalogue import Locale, load_catalogues
from vision.zones import polygon_mask, zone_masks

WORDS = Words(catalogue=load_catalogues(), locale=Locale.EN)
SQUARE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))
BIN = Zone(zone_id="bin-1", kind=ZoneKind.BIN, polygon=SQUARE, container_id="c-1", rim_share=0.4)
GROUND = Zone(zone_id="ground-1", kind=ZoneKind.GROUND, polygon=SQUARE, area_m2=12.5)
IGNORE = Zone(zone_id="ignore-1", kind=ZoneKind.IGNORE, polygon=SQUARE)


def sent(*zones: Zone) -> list[dict[str, Any]]:
    return [zone.as_json() for zone in editor_zones(zones)]


def test_zones_come_back_from_the_browser_as_they_went() -> None:
    zones = (BIN, GROUND, IGNORE, replace(BIN, zone_id="bin-2", rim_share=None))

    assert zones_of(sent(*zones), frozenset({"c-1"})) == zones


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "roof"},
        {"points": [[0.1, 0.1], [0.2, 0.2]]},
        {"points": [[0.1, 0.1], [0.2, 1.2], [0.3, 0.1]]},
        {"points": [[0.1, 0.1], [0.2, "x"], [0.3, 0.1]]},
        {"points": [[0.1, 0.1, 0.1]] * 3},
        {"points": None},
        {"id": "../etc"},
        {"rim": 0.99},
        {"rim": True},
        {"container": "c-of-another-place"},
        {"container": {"a": 1}},
    ],
)
def test_what_is_no_zone_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueError):
        zones_of([sent(BIN)[0] | change], frozenset({"c-1"}))


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "kind", "points", "area", "rim", "container"]), inner, max_size=6
        )
    ),
    max_leaves=12,
)


@given(_ANYTHING)
def test_whatever_a_browser_sends_becomes_zones_or_one_error(value: object) -> None:
    try:
        zones = zones_of(value, frozenset())
    except InvalidValueError:
        return
    assert all(isinstance(zone, Zone) for zone in zones)


def test_a_polygon_that_crosses_itself_is_told_from_one_that_does_not() -> None:
    bow_tie = ((0.1, 0.1), (0.5, 0.5), (0.5, 0.1), (0.1, 0.5))

    assert crosses_itself(bow_tie)
    assert not crosses_itself(SQUARE)
    assert area_of(SQUARE) == pytest.approx(0.16)


@pytest.mark.parametrize(
    "zone",
    [
        replace(GROUND, area_m2=None),
        replace(BIN, polygon=((0.1, 0.1), (0.11, 0.1), (0.11, 0.11))),
        replace(BIN, polygon=((0.1, 0.1), (0.5, 0.5), (0.5, 0.1), (0.1, 0.5))),
    ],
)
def test_zones_nobody_can_judge_by_are_not_saved(zone: Zone) -> None:
    with pytest.raises(InvalidValueError):
        check_zones([zone])


def test_a_trial_is_told_by_picture_and_drawn_with_the_worst_mark_of_each_zone() -> None:
    present = Verdict(
        zone_id="ground-1",
        problem_class=ProblemClass.SCATTERED_LITTER,
        state=VerdictState.PRESENT,
        score=0.9,
        boxes=((0.1, 0.1, 0.2, 0.2),),
    )
    clear = replace(
        present, problem_class=ProblemClass.EXPOSED_WASTE, state=VerdictState.CLEAR, boxes=()
    )
    said = SnapshotVerdicts(camera_health=CameraHealth.OK, verdicts=(present, clear))
    blind = SnapshotVerdicts(camera_health=CameraHealth.DARK, verdicts=())
    trial = Trial(verdicts={1: blind, 2: said}, stored_jpeg=None)

    newest, oldest = trial_rows(trial, [GROUND], WORDS)
    marks = trial_marks(trial, 2)

    assert (newest.number, newest.health_mark, len(newest.verdicts)) == (2, Mark.CLEAN, 2)
    assert (oldest.number, oldest.health_mark, oldest.verdicts) == (1, Mark.UNKNOWN, ())
    assert marks.states == {"ground-1": "problem"}
    assert [box["frame"] for box in marks.boxes] == [[0.1, 0.1, 0.2, 0.2]]
    assert trial_marks(trial, 7).boxes == ()


def test_the_version_in_force_is_marked_also_after_going_back() -> None:
    old, new = CameraCalibration(zones=(BIN,)), CameraCalibration(zones=(GROUND,))
    versions = [
        CalibrationVersion(
            camera_id="cam-1",
            number=number,
            saved_at=datetime(2026, 3, 3, tzinfo=UTC),
            saved_by=Actor.OPERATOR,
            note="as found" if number == 1 else "",
            calibration=calibration,
        )
        for number, calibration in ((3, old), (2, new), (1, old))
    ]

    rows = version_rows(versions, old, WORDS, found_note="as found")

    assert [(row.number, row.in_force) for row in rows] == [(3, True), (2, False), (1, False)]


@given(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.5), st.floats(0, 0.5)).filter(
        lambda frame: frame[0] + frame[2] <= 1 and frame[1] + frame[3] <= 1
    )
)
def test_the_part_shown_of_a_picture_holds_the_frame_and_lies_in_the_picture(
    frame: tuple[float, float, float, float],
) -> None:
    x, y, width, height = view_of([frame])

    assert min(x, y) >= 0
    assert max(x + width, y + height) <= 1 + 1e-9
    assert x <= frame[0] + 1e-9
    assert x + width >= frame[0] + frame[2] - 1e-9
    assert y + height >= frame[1] + frame[3] - 1e-9


CORNERS = ((0.3, 0.5), (0.7, 0.5), (0.95, 0.9), (0.05, 0.9))
MEASURED = replace(GROUND, polygon=CORNERS, area_m2=20.0, sides_m=(4.0, 5.0))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"sides": [4.0, None]}, ZoneFault.ONE_SIDE),
        ({"sides": [0.1, 5.0]}, ZoneFault.BAD_SIDES),
        ({"sides": [4.0, 500.0]}, ZoneFault.BAD_SIDES),
        ({"sides": [4.0, 8.0]}, ZoneFault.SIZES_DIFFER),
        ({"points": [*CORNERS, (0.02, 0.7)]}, ZoneFault.NO_RECTANGLE),
        ({"points": [CORNERS[0], CORNERS[2], CORNERS[1], CORNERS[3]]}, ZoneFault.NO_RECTANGLE),
        ({"points": [(0.3, 0.5), (0.7, 0.5), (0.95, 1.1), (0.05, 0.9)]}, ZoneFault.OUTSIDE),
        ({"area": 0}, ZoneFault.BAD_SIZE),
        ({"area": None, "sides": None}, ZoneFault.NO_SIZE),
    ],
)
def test_a_ground_of_a_nonsensical_size_is_refused_in_a_technicians_words(
    change: dict[str, Any], fault: ZoneFault
) -> None:
    zones = [*sent(BIN), sent(MEASURED)[0] | change]

    with pytest.raises(BadZoneError) as refused:
        check_zones(zones_of(zones, frozenset({"c-1"})))

    assert (refused.value.zone_id, refused.value.fault) == ("ground-1", fault)
    for locale in Locale:
        words = Words(catalogue=WORDS.catalogue, locale=locale)
        text = refusal_text(refused.value, zones, words)
        assert text == f"{words.say('editor.ground')} · {words.word(fault)}"


def test_a_grounds_sides_come_back_and_none_is_no_size() -> None:
    assert zones_of(sent(MEASURED), frozenset()) == (MEASURED,)
    (without,) = zones_of([sent(MEASURED)[0] | {"sides": [None, None]}], frozenset())
    assert without.sides_m is None


def test_the_grid_over_a_ground_has_its_metres_where_vision_counts_them() -> None:
    """Between two lines of the grid lies a square metre, by the area that verdicts are told by."""
    scale = ground_scale(MEASURED)
    assert scale is not None
    assert (scale.step_m, len(scale.lines)) == (1.0, 3 + 4)
    camera = replace(street_camera(), zones=(MEASURED,))
    (ground,) = zone_masks(camera, 480, 270).grounds
    from_x = [line[0] for line in scale.lines[:3]]
    nearer_y = [line[1] for line in scale.lines[3:]]
    assert from_x == pytest.approx([0.4, 0.5, 0.6])
    rows = [0.5, *nearer_y, 0.9]
    for upper, lower in pairwise(rows):
        band = ground.m2_at[round(upper * 269) : round(lower * 269)]
        inside = polygon_mask(CORNERS, 480, 270)[round(upper * 269) : round(lower * 269)]
        assert band[inside].sum() == pytest.approx(4.0, rel=0.08)


@given(st.floats(0.4, 100), st.floats(0.4, 100))
def test_a_grid_never_leaves_its_ground_and_never_hides_it(across: float, along: float) -> None:
    scale = ground_scale(replace(MEASURED, area_m2=across * along, sides_m=(across, along)))

    assert scale is not None
    assert len(scale.lines) <= 2 * 25
    for x, y, x2, y2 in scale.lines:
        assert 0.05 <= min(x, x2) <= max(x, x2) <= 0.95
        assert 0.5 <= min(y, y2) <= max(y, y2) <= 0.9


def test_without_sides_one_square_shows_the_mean_scale() -> None:
    scale = ground_scale(replace(GROUND, area_m2=16.0))

    assert scale is not None
    assert scale.lines == ()
    assert scale.share == pytest.approx(0.16 / 16)
    assert ground_scale(BIN) is None
