"""A clean reference made anew on a person's word: what may come into it, and what refuses it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.devices import Lighting
from domain.ports.camera_bench import BenchRefusal
from domain.problems import ProblemClass
from domain.records import Verdict, VerdictState
from domain.reviews import RejectedSpot
from tests.fakes.sample_pictures import (
    HEIGHT_PX,
    WIDTH_PX,
    clean_scene,
    street_camera,
    with_bag,
    with_heaped_bin,
    with_noise,
)
from vision.bench_messages import PICTURES_TO_RENEW
from vision.camera_setup import CameraSetup, prepare_camera
from vision.judge_snapshot import CameraState, judge_snapshot
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.overflow_score import shipped_head
from vision.renewal import RenewalRefusedError, renewed_picture
from vision.zones import zone_masks

SCENE = clean_scene()
DAY = {Lighting.DAY: SCENE}


def setup_with(scene: Picture = SCENE, rejected: tuple[RejectedSpot, ...] = ()) -> CameraSetup:
    setup = prepare_camera(
        street_camera(),
        {Lighting.DAY: scene},
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        head=shipped_head(),
    )
    return replace(setup, rejected=rejected)


def seen(picture: Picture, count: int = PICTURES_TO_RENEW) -> list[Picture]:
    return [with_noise(picture, 100 + number) for number in range(count)]


def judged(setup: CameraSetup, pictures: Sequence[Picture]) -> list[tuple[Verdict, ...]]:
    state, said = CameraState(), []
    for picture in pictures:
        answer = judge_snapshot(setup, state, picture)
        state = answer.state
        said.append(answer.values.verdicts)
    return said


def present(setup: CameraSetup, pictures: Sequence[Picture]) -> list[Verdict]:
    return [
        verdict
        for verdicts in judged(setup, pictures)
        for verdict in verdicts
        if verdict.state is VerdictState.PRESENT
    ]


def refusal(pictures: Sequence[Picture], setup: CameraSetup | None = None) -> BenchRefusal:
    with pytest.raises(RenewalRefusedError) as refused:
        renewed_picture(setup or setup_with(), DAY, pictures)
    return refused.value.reason


def repainted(scene: Picture = SCENE) -> Picture:
    """Return the place with its bin in another colour."""
    shown = scene.copy()
    cv2.rectangle(shown, (257, 99), (351, 215), (40, 60, 190), -1)
    return shown


def with_cover(scene: Picture = SCENE) -> Picture:
    """Return the place with a new, dark manhole cover in its ground."""
    shown = scene.copy()
    cv2.rectangle(shown, (420, 270), (485, 310), (45, 42, 40), -1)
    return shown


def test_a_repainted_bin_is_clean_again_by_the_new_reference() -> None:
    now = seen(repainted())
    before = [v for v in judged(setup_with(), now)[-1] if v.zone_id == "bin-1"]

    renewed = renewed_picture(setup_with(), DAY, now)

    after = judged(setup_with(renewed.picture), now)[-1]
    assert [verdict.state for verdict in before] == [VerdictState.UNKNOWN]
    assert {verdict.state for verdict in after} == {VerdictState.CLEAR}
    assert renewed.lighting is Lighting.DAY


def test_a_false_alarm_needs_a_persons_rejection_of_that_very_spot_and_is_then_gone() -> None:
    now = seen(with_cover())
    false = present(setup_with(), now)
    spot = RejectedSpot(
        zone_id="ground",
        problem_class=false[-1].problem_class,
        frame=false[-1].boxes[0],
        times=1,
    )
    elsewhere = replace(spot, frame=(0.1, 0.8, 0.1, 0.1))

    assert refusal(now) is BenchRefusal.WASTE_SEEN
    assert refusal(now, setup_with(rejected=(elsewhere,))) is BenchRefusal.WASTE_SEEN
    renewed = renewed_picture(setup_with(rejected=(spot,)), DAY, now)

    assert present(setup_with(renewed.picture), now) == []
    assert {v.state for v in judged(setup_with(renewed.picture), now)[-1]} == {VerdictState.CLEAR}
    bag = seen(with_bag(with_cover()), 5)
    assert present(setup_with(renewed.picture), bag), "a bag is still told by the new reference"


def test_an_overfull_bin_is_refused_unless_people_have_rejected_that_bin() -> None:
    now = seen(with_heaped_bin(SCENE))
    said_no = RejectedSpot(
        zone_id="bin-1", problem_class=ProblemClass.BIN_OVERFLOW, frame=None, times=1
    )

    assert refusal(now) is BenchRefusal.WASTE_SEEN
    renewed = renewed_picture(setup_with(rejected=(said_no,)), DAY, now)
    assert present(setup_with(renewed.picture), now) == []


def test_who_walks_refuses_and_so_does_who_has_stopped_for_some_pictures() -> None:
    walking, stopped = seen(SCENE), seen(SCENE)
    for number, picture in enumerate(walking):
        picture[200:300, 40 + 50 * number : 75 + 50 * number] = (30, 30, 160)
    for picture in stopped[-2:]:
        picture[200:300, 400:435] = (30, 30, 160)

    assert refusal(walking) is BenchRefusal.SOMEBODY_THERE
    assert refusal(stopped) is BenchRefusal.SOMEBODY_THERE


def test_a_picture_that_is_dark_blurred_moved_frozen_or_of_another_light_refuses() -> None:
    good = seen(SCENE)
    dark = [*good[:-1], bytes_of(np.zeros_like(SCENE))]
    blurred = [*good[:-1], bytes_of(cv2.GaussianBlur(good[-1], (0, 0), 12))]
    elsewhere = seen(np.roll(SCENE, (60, 150), axis=(0, 1)))
    frozen = [good[0]] * PICTURES_TO_RENEW
    dim = seen((SCENE * 0.2).astype(np.uint8))

    assert refusal(dark) is BenchRefusal.UNHEALTHY
    assert refusal(blurred) is BenchRefusal.UNHEALTHY
    assert refusal(elsewhere) is BenchRefusal.MOVED
    assert refusal(frozen) is BenchRefusal.UNHEALTHY
    assert refusal(dim) is BenchRefusal.LIGHT_UNLIKE


def test_new_paving_on_much_of_the_ground_is_for_a_technician_whatever_was_rejected() -> None:
    paved = SCENE.copy()
    paved[220:350, 360:600] = (60, 60, 175)
    now = seen(paved)
    told = present(setup_with(), now)
    spots = tuple(
        RejectedSpot(zone_id="ground", problem_class=one.problem_class, frame=box, times=3)
        for one in told
        for box in one.boxes
    )

    assert told
    assert refusal(now) is BenchRefusal.WASTE_SEEN
    assert refusal(now, setup_with(rejected=spots)) is BenchRefusal.TOO_DIFFERENT


def test_without_a_reference_or_with_too_few_pictures_nothing_is_made() -> None:
    with pytest.raises(RenewalRefusedError) as none:
        renewed_picture(setup_with(), {}, seen(SCENE))

    assert none.value.reason is BenchRefusal.NO_REFERENCE
    assert refusal(seen(SCENE, PICTURES_TO_RENEW - 1)) is BenchRefusal.NO_PICTURES


def test_a_piece_too_small_for_a_verdict_does_not_come_into_the_reference() -> None:
    now, setup = SCENE.copy(), setup_with()
    cv2.rectangle(now, (450, 280), (463, 293), (30, 30, 30), -1)
    cv2.rectangle(now, (257, 99), (351, 215), (40, 60, 190), -1)
    pictures = seen(now)

    renewed = renewed_picture(setup, DAY, pictures)

    assert present(setup, pictures) == []
    assert (renewed.picture[280:294, 450:464] == SCENE[280:294, 450:464]).all()
    assert renewed.picture[150, 300, 2] > 150, "the repainted bin does"


def test_outside_of_the_zones_nothing_of_the_new_pictures_is_kept() -> None:
    now = seen(SCENE)
    for picture in now:
        picture[60:160, 40:90] = (30, 30, 160)
    masks = zone_masks(street_camera(), WIDTH_PX, HEIGHT_PX)

    renewed = renewed_picture(setup_with(), DAY, now)

    apart = cv2.dilate(masks.watched.astype(np.uint8), np.ones((5, 5))) == 0
    assert (renewed.picture[apart] == SCENE[apart]).all()


def test_a_picture_in_another_light_is_kept_in_that_of_the_reference() -> None:
    darker = [bytes_of(np.rint(picture * 0.7)) for picture in seen(repainted())]
    masks = zone_masks(street_camera(), WIDTH_PX, HEIGHT_PX)

    renewed = renewed_picture(setup_with(), DAY, darker)

    ground = masks.grounds[0].mask
    apart = np.abs(renewed.picture[ground].astype(int) - SCENE[ground]).mean()
    assert apart < 5


@settings(max_examples=8, deadline=None)
@given(
    x=st.integers(60, 560),
    y=st.integers(230, 330),
    side=st.integers(6, 70),
    level=st.integers(10, 245),
)
def test_a_renewed_reference_never_holds_what_was_judged_present(
    x: int, y: int, side: int, level: int
) -> None:
    now = SCENE.copy()
    cv2.rectangle(now, (x, y), (x + side, y + side), (level, level, level), -1)
    pictures = seen(now)
    told = present(setup_with(), pictures)

    try:
        renewed_picture(setup_with(), DAY, pictures)
    except RenewalRefusedError:
        return
    assert told == []


def test_a_reference_of_the_night_that_is_made_anew_stays_as_dark_as_the_night() -> None:
    dark = (SCENE * 0.3).astype(np.uint8)
    now = seen((repainted() * 0.3).astype(np.uint8))
    renewed = renewed_picture(setup_with(dark), {Lighting.DAY: dark}, now)
    assert abs(float(renewed.picture.mean()) - float(dark.mean())) < 0.1 * float(dark.mean())
