from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.devices import Camera, Lighting
from domain.problems import ProblemClass
from domain.records import CameraHealth, SnapshotVerdicts, VerdictState
from tests.fakes.sample_pictures import (
    clean_scene,
    street_camera,
    with_bag,
    with_heaped_bin,
    with_noise,
)
from vision.camera_health import FROZEN_AFTER
from vision.camera_setup import CameraSetup, prepare_camera
from vision.judge_snapshot import CameraState, judge_snapshot
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.overflow_score import shipped_head
from vision.reasons import Reason

SCENE = clean_scene()
PRESENT, CLEAR, UNKNOWN = VerdictState.PRESENT, VerdictState.CLEAR, VerdictState.UNKNOWN


def prepared(
    references: dict[Lighting, Picture] | None = None, camera: Camera | None = None
) -> CameraSetup:
    return prepare_camera(
        camera or street_camera(),
        {Lighting.DAY: SCENE} if references is None else references,
        width_px=640,
        height_px=360,
        head=shipped_head(),
    )


SETUP = prepared()


def look_at(pictures: Sequence[Picture], setup: CameraSetup = SETUP) -> list[SnapshotVerdicts]:
    state, seen = CameraState(), []
    for number, picture in enumerate(pictures):
        judged = judge_snapshot(setup, state, with_noise(picture, number))
        state = judged.state
        seen.append(judged.values)
    return seen


def state_of(values: SnapshotVerdicts, problem: ProblemClass) -> VerdictState:
    return next(v.state for v in values.verdicts if v.problem_class is problem)


def states_of(values: SnapshotVerdicts) -> set[VerdictState]:
    return {verdict.state for verdict in values.verdicts}


def reasons_of(values: SnapshotVerdicts) -> set[str]:
    return {reason for verdict in values.verdicts for reason in verdict.reasons}


def test_a_clean_place_is_clear_from_the_first_snapshot() -> None:
    (values,) = look_at([SCENE])
    assert (values.camera_health, states_of(values)) == (CameraHealth.OK, {CLEAR})
    assert len(values.verdicts) == 4


def test_a_bag_is_unknown_from_its_second_snapshot_and_present_from_its_fourth() -> None:
    seen = look_at([SCENE, *[with_bag(SCENE)] * 5, SCENE])
    states = [state_of(values, ProblemClass.BAGGED_WASTE_ON_GROUND) for values in seen]
    assert states == [CLEAR, CLEAR, UNKNOWN, UNKNOWN, PRESENT, PRESENT, CLEAR]
    assert Reason.NOT_YET_PERSISTENT in reasons_of(seen[2])


def test_a_present_verdict_says_where() -> None:
    values = look_at([with_bag(SCENE, x=200, y=290)] * 4)[-1]
    (bag,) = [v for v in values.verdicts if v.state is PRESENT]
    x, y, width, height = bag.boxes[0]
    assert x < 200 / 640 < x + width
    assert y < 290 / 360 < y + height


def test_who_walks_over_ground_that_was_seen_clean_leaves_it_clear() -> None:
    walk = [with_bag(SCENE, x=120 + 60 * step, y=280, radius=20) for step in range(6)]
    states = [state_of(values, ProblemClass.BAGGED_WASTE_ON_GROUND) for values in look_at(walk)]
    assert states == [UNKNOWN, *[CLEAR] * 5]


def test_who_stops_or_covers_much_of_the_ground_makes_it_unknown() -> None:
    stops = [SCENE, *[with_bag(SCENE, x=300, y=280, radius=20)] * 2]
    covers = [SCENE, with_bag(SCENE, x=300, y=280, radius=70)]
    for pictures in (stops, covers):
        last = look_at(pictures)[-1]
        assert state_of(last, ProblemClass.BAGGED_WASTE_ON_GROUND) is UNKNOWN


def test_a_spot_that_many_pass_is_clear_no_longer_than_it_was_seen_clean() -> None:
    colours = [(20, 20, 20), (240, 240, 240), (30, 30, 200), (200, 60, 30)]
    crowd = [SCENE]
    for number in range(7):
        picture = SCENE.copy()
        cv2.rectangle(picture, (200, 280), (230, 320), colours[number % 4], -1)
        crowd.append(picture)
    states = [state_of(values, ProblemClass.BAGGED_WASTE_ON_GROUND) for values in look_at(crowd)]
    assert states == [*[CLEAR] * 4, *[UNKNOWN] * 4]


def test_different_people_at_the_same_spot_do_not_add_up() -> None:
    crowd = []
    for number in range(8):
        picture = SCENE.copy()
        colour = [(20, 20, 20), (240, 240, 240), (30, 30, 200), (200, 60, 30)][number % 4]
        cv2.rectangle(picture, (200, 230), (250, 330), colour, -1)
        crowd.append(picture)
    for values in look_at(crowd):
        assert PRESENT not in states_of(values)


def test_somebody_before_a_bag_hides_it_for_a_moment_without_making_it_new() -> None:
    hidden = with_bag(SCENE)
    cv2.rectangle(hidden, (165, 200), (240, 340), (60, 140, 200), -1)
    seen = look_at([*[with_bag(SCENE)] * 4, hidden, with_bag(SCENE)])
    states = [state_of(values, ProblemClass.BAGGED_WASTE_ON_GROUND) for values in seen]
    assert states[3:] == [PRESENT, UNKNOWN, PRESENT]


def test_an_overfull_bin_is_present_after_four_snapshots_and_clear_once_emptied() -> None:
    seen = look_at([*[with_heaped_bin(SCENE)] * 4, SCENE])
    states = [state_of(values, ProblemClass.BIN_OVERFLOW) for values in seen]
    assert states == [UNKNOWN, UNKNOWN, UNKNOWN, PRESENT, CLEAR]
    assert Reason.RIM_STRIP_DIFFERENCE in reasons_of(seen[3])


def test_many_small_pieces_are_litter_and_a_few_are_what_every_street_shows() -> None:
    littered, tidy = SCENE.copy(), SCENE.copy()
    for number in range(6):
        cv2.rectangle(
            littered, (80 + 80 * number, 300), (92 + 80 * number, 310), (245, 245, 245), -1
        )
    cv2.rectangle(tidy, (80, 300), (92, 310), (245, 245, 245), -1)
    assert state_of(look_at([littered] * 4)[-1], ProblemClass.SCATTERED_LITTER) is PRESENT
    assert state_of(look_at([tidy] * 4)[-1], ProblemClass.SCATTERED_LITTER) is CLEAR


def test_a_large_heap_is_exposed_waste() -> None:
    heap = with_bag(SCENE, x=420, y=290, radius=55)
    assert state_of(look_at([heap] * 4)[-1], ProblemClass.EXPOSED_WASTE) is PRESENT


def test_a_lorry_before_the_ground_is_unknown_however_long_it_stands() -> None:
    lorry = SCENE.copy()
    cv2.rectangle(lorry, (40, 60), (600, 355), (90, 60, 40), -1)
    for values in look_at([lorry] * 6):
        assert CLEAR not in states_of(values)
        assert state_of(values, ProblemClass.EXPOSED_WASTE) is UNKNOWN


def test_a_nudged_camera_is_set_right_and_a_turned_one_says_so() -> None:
    nudged = np.roll(SCENE, (4, 9), (0, 1))
    turn = cv2.getRotationMatrix2D((320, 180), 12, 1.0)
    turned = bytes_of(cv2.warpAffine(SCENE, turn, (640, 360), borderMode=cv2.BORDER_REFLECT))
    away = np.roll(SCENE, 120, 1)
    assert states_of(look_at([nudged])[0]) == {CLEAR}
    for picture in (turned, away):
        (values,) = look_at([picture])
        assert (values.camera_health, states_of(values)) == (CameraHealth.MOVED, {UNKNOWN})


def test_a_picture_that_stands_still_is_frozen_and_a_living_one_never_is() -> None:
    still = with_noise(SCENE, 1)
    judged = judge_snapshot(SETUP, CameraState(), still)
    for _ in range(FROZEN_AFTER):
        judged = judge_snapshot(SETUP, judged.state, still)
    assert judged.values.camera_health is CameraHealth.FROZEN
    assert states_of(judged.values) == {UNKNOWN}
    assert all(values.camera_health is CameraHealth.OK for values in look_at([SCENE] * 12))


@pytest.mark.parametrize(
    ("picture", "health"),
    [
        (np.zeros_like(SCENE), CameraHealth.DARK),
        ((SCENE * 0.08).astype(np.uint8), CameraHealth.DARK),
        (np.full_like(SCENE, 255), CameraHealth.OVEREXPOSED),
        (np.full_like(SCENE, 128), CameraHealth.BLOCKED),
        (bytes_of(cv2.GaussianBlur(SCENE, (0, 0), 6)), CameraHealth.BLURRED),
        (
            np.random.default_rng(3).integers(0, 256, SCENE.shape, dtype=np.uint8),
            CameraHealth.MOVED,
        ),
    ],
    ids=["black", "night without lamp", "white", "covered", "out of focus", "noise"],
)
def test_a_picture_that_cannot_be_judged_is_unknown_and_not_kept(
    picture: Picture, health: CameraHealth
) -> None:
    judged = judge_snapshot(SETUP, CameraState(), picture)
    assert judged.values.camera_health is health
    assert states_of(judged.values) == {UNKNOWN}
    assert judged.picture is None


def test_a_camera_without_polygons_says_nothing_and_keeps_nothing() -> None:
    judged = judge_snapshot(
        prepared(camera=replace(street_camera(), zones=())), CameraState(), with_noise(SCENE, 1)
    )
    assert (judged.values.camera_health, judged.values.verdicts) == (CameraHealth.OK, ())
    assert judged.picture is None


def test_a_camera_with_more_zones_than_a_record_holds_still_makes_a_record() -> None:
    ground = street_camera().zones[1]
    zones = tuple(replace(ground, zone_id=f"ground-{number}") for number in range(30))
    setup = prepared(camera=replace(street_camera(), zones=zones))
    assert len(judge_snapshot(setup, CameraState(), with_noise(SCENE, 1)).values.verdicts) == 64


def test_without_a_reference_nothing_is_clear_and_nothing_is_kept() -> None:
    judged = judge_snapshot(prepared({}), CameraState(), SCENE)
    assert (states_of(judged.values), judged.picture) == ({UNKNOWN}, None)
    assert reasons_of(judged.values) == {Reason.NO_REFERENCE}


def test_a_light_that_no_reference_knows_is_unknown() -> None:
    dim = (SCENE * 0.22).astype(np.uint8)
    (values,) = look_at([dim])
    assert states_of(values) == {UNKNOWN}


def test_a_grey_night_picture_is_compared_with_the_grey_reference() -> None:
    grey = cv2.cvtColor(SCENE, cv2.COLOR_BGR2GRAY)
    night = bytes_of(cv2.cvtColor((grey * 0.7).astype(np.uint8), cv2.COLOR_GRAY2BGR))
    setup = prepared({Lighting.DAY: SCENE, Lighting.NIGHT: night})
    state = CameraState()
    judged = judge_snapshot(setup, state, night)
    assert (judged.state.lighting, states_of(judged.values)) == (Lighting.NIGHT, {CLEAR})


def test_a_changed_light_is_corrected_within_reason() -> None:
    for gain in (0.7, 1.25):
        lit = np.clip(SCENE * gain, 0, 255).astype(np.uint8)
        assert states_of(look_at([lit])[0]) == {CLEAR}


def test_the_kept_picture_shows_a_bag_that_stayed_and_hides_who_passes() -> None:
    judged = judge_snapshot(SETUP, CameraState(), with_noise(with_bag(SCENE), 0))
    for number in range(1, 4):
        judged = judge_snapshot(SETUP, judged.state, with_noise(with_bag(SCENE), number))
    assert judged.picture is not None
    kept = cv2.imdecode(np.frombuffer(judged.picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert kept is not None
    assert np.abs(kept[280:300, 190:210].astype(int) - (35, 32, 30)).mean() < 12
    passer = SCENE.copy()
    cv2.rectangle(passer, (400, 220), (440, 330), (200, 60, 30), -1)
    cv2.rectangle(passer, (405, 230), (435, 250), (60, 200, 220), -1)
    judged = judge_snapshot(SETUP, judged.state, with_noise(passer, 9))
    assert judged.picture is not None
    kept = cv2.imdecode(np.frombuffer(judged.picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert kept is not None
    # Blocks of 16 pixels: no edge of the figure stands where it stood.
    assert np.abs(kept[226:330, 416:418].astype(int) - kept[226:330, 419:421]).mean() < 6


def disturbed(kind: str, number: int) -> Picture:
    rng = np.random.default_rng(number)
    if kind == "bag":
        return with_bag(SCENE)
    if kind == "passer":
        return with_bag(
            with_bag(SCENE), x=int(rng.integers(80, 560)), y=int(rng.integers(230, 330)), radius=28
        )
    if kind == "dark":
        return (SCENE * 0.05).astype(np.uint8)
    if kind == "white":
        return np.full_like(SCENE, 255)
    if kind == "blurred":
        return bytes_of(cv2.GaussianBlur(SCENE, (0, 0), 7))
    return np.roll(SCENE, 150, 1)


UNUSABLE = ["dark", "white", "blurred", "moved"]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(["bag", "passer", *UNUSABLE]), min_size=1, max_size=7))
def test_unknown_never_becomes_clear_while_the_ground_was_not_seen_clean(kinds: list[str]) -> None:
    pictures = [disturbed(kind, number) for number, kind in enumerate(kinds)]
    for kind, values in zip(kinds, look_at(pictures), strict=True):
        ground = state_of(values, ProblemClass.BAGGED_WASTE_ON_GROUND)
        assert ground is not CLEAR
        if kind in UNUSABLE:
            assert states_of(values) == {UNKNOWN}
