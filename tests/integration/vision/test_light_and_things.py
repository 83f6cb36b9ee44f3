"""What only light does is no waste, what only stands there for a while neither."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.devices import Lighting
from domain.problems import ProblemClass
from domain.records import CameraHealth, SnapshotVerdicts, VerdictState
from tests.fakes.sample_pictures import clean_scene, street_camera, with_bag, with_noise
from vision.camera_health import health_of, texture_of
from vision.camera_setup import prepare_camera
from vision.evaluation.disturbances import DISTURBANCES, SHAKE_PX, rain, shake
from vision.ground_difference import DIFFERENCE, lab_distance
from vision.judge_snapshot import CameraState, judge_snapshot
from vision.light_changes import light_only
from vision.limited_cv2 import Picture, cv2
from vision.local_light import in_local_light
from vision.movers import Frame, HogPeople, MoverFinder
from vision.overflow_score import shipped_head
from vision.references import grey_of, smooth_lab

pytestmark = pytest.mark.takes_s(6)

PRESENT, CLEAR, UNKNOWN = VerdictState.PRESENT, VerdictState.CLEAR, VerdictState.UNKNOWN
BAG = ProblemClass.BAGGED_WASTE_ON_GROUND


def grained_scene() -> Picture:
    """Return the scene with paving that has a grain, as real ground has."""
    rng = np.random.default_rng(5)
    grain = cv2.GaussianBlur(rng.normal(0, 26, (360, 640)).astype(np.float32), (0, 0), 1.4)
    return np.clip(clean_scene() + grain[..., None] * 2.2, 0, 255).astype(np.uint8)


SCENE = grained_scene()
CLEAN_LAB = smooth_lab(SCENE)


def shaded(picture: Picture, left: int, width: int, factor: float) -> Picture:
    shade = np.ones(picture.shape[:2], dtype=np.float32)
    shade[:, left : left + width] = factor
    return (picture * shade[..., None]).astype(np.uint8)


class NobodyThere:
    """A finder that finds nobody, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def movers_near(self, _picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        self.asked += len(near)
        return ()


class FigureAt:
    """A finder that sees one figure wherever a frame meets it, on the clean ground too or not."""

    def __init__(self, frame: Frame, *, always: bool) -> None:
        self._frame = frame
        self._always = always
        self._clean = cv2.cvtColor(CLEAN_LAB, cv2.COLOR_LAB2BGR)

    def movers_near(self, picture: Picture, _near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        height, width = picture.shape[:2]
        clean = cv2.resize(self._clean, (width, height)).astype(float)
        x, y, across, along = self._frame
        cut = (slice(y, y + along), slice(x, x + across))
        changed = np.abs(picture[cut].astype(float) - clean[cut]).mean() > 12
        return (self._frame,) if changed or self._always else ()


def look_at(
    pictures: Sequence[Picture], finder: MoverFinder | None = None
) -> list[SnapshotVerdicts]:
    setup = prepare_camera(
        street_camera(),
        {Lighting.DAY: SCENE},
        width_px=640,
        height_px=360,
        head=shipped_head(),
        finder=finder or NobodyThere(),
    )
    state, seen = CameraState(), []
    for number, picture in enumerate(pictures):
        judged = judge_snapshot(setup, state, with_noise(picture, number))
        state = judged.state
        seen.append(judged.values)
    return seen


def bag_states(seen: Sequence[SnapshotVerdicts]) -> list[VerdictState]:
    return [v.state for values in seen for v in values.verdicts if v.problem_class is BAG]


def states_of(seen: Sequence[SnapshotVerdicts]) -> set[VerdictState]:
    return {v.state for values in seen for v in values.verdicts}


@settings(max_examples=15, deadline=None)
@given(left=st.integers(0, 400), width=st.integers(60, 240), factor=st.floats(0.5, 0.9))
def test_a_shadow_on_grained_ground_is_light_only(left: int, width: int, factor: float) -> None:
    look = smooth_lab(shaded(SCENE, left, width, factor))
    differs = np.zeros(SCENE.shape[:2], dtype=np.bool_)
    differs[200:350, left : left + width] = True
    assert np.count_nonzero(light_only(look, CLEAN_LAB, differs)) > 0.9 * differs.sum()


@settings(max_examples=15, deadline=None)
@given(
    x=st.integers(60, 580),
    y=st.integers(230, 320),
    radius=st.integers(6, 40),
    colour=st.sampled_from([(35, 32, 30), (240, 240, 240), (60, 140, 200), (180, 90, 40)]),
)
def test_a_thing_is_never_light(x: int, y: int, radius: int, colour: tuple[int, ...]) -> None:
    picture = SCENE.copy()
    cv2.circle(picture, (x, y), radius, colour, -1)
    differs = np.abs(picture.astype(int) - SCENE).max(axis=2) > 20
    explained = light_only(smooth_lab(picture), CLEAN_LAB, differs)
    assert np.count_nonzero(explained) < 0.1 * differs.sum()


def test_a_standing_shadow_leaves_the_ground_clear() -> None:
    seen = look_at([shaded(SCENE, 120, 150, 0.6)] * 6)
    assert PRESENT not in states_of(seen)
    assert bag_states(seen)[-1] is CLEAR


def test_a_wandering_shadow_is_never_waste() -> None:
    seen = look_at([shaded(SCENE, 20 + 35 * step, 170, 0.55) for step in range(14)])
    assert PRESENT not in states_of(seen)


def test_a_bag_in_a_shadow_is_still_a_bag() -> None:
    seen = look_at([shaded(with_bag(SCENE), 100, 220, 0.7)] * 14)
    assert bag_states(seen)[-1] is PRESENT


def with_litter(picture: Picture, x: int, y: int) -> Picture:
    shown = picture.copy()
    cv2.rectangle(shown, (x, y), (x + 19, y + 17), (40, 50, 190), -1)
    return shown


@pytest.mark.parametrize("step_px", [25, 60])
def test_litter_under_a_wandering_shadow_is_found_in_six_snapshots(step_px: int) -> None:
    setup = prepare_camera(
        street_camera(), {Lighting.DAY: SCENE}, width_px=640, height_px=360, head=shipped_head()
    )
    state, found = CameraState(), []
    for number in range(9):
        littered = with_litter(SCENE, 250, 290) if number >= 3 else SCENE
        picture = shaded(littered, 60 + step_px * number, 220, 0.55)
        judged = judge_snapshot(setup, state, with_noise(picture, number))
        state = judged.state
        found.append({piece.box for piece in judged.pieces})
    assert not any(found[:3])
    (box,) = found[8]
    assert box[0] < 259 * 0.75 < box[0] + box[2]


@pytest.mark.parametrize(("left", "factor"), [(60, 0.5), (130, 0.6), (200, 0.8)])
def test_ground_in_a_shadow_is_brought_to_the_light_of_the_reference_and_litter_stays_litter(
    left: int, factor: float
) -> None:
    picture = shaded(with_litter(SCENE, left + 110, 290), left, 240, factor)
    everywhere = np.ones(SCENE.shape[:2], dtype=np.bool_)
    light = in_local_light(smooth_lab(picture), CLEAN_LAB, everywhere, picture)
    ground = (slice(200, 280), slice(left + 20, left + 220))
    assert np.median(lab_distance(light.look, CLEAN_LAB)[ground]) < 10
    litter = (slice(292, 305), slice(left + 112, left + 127))
    assert np.mean(lab_distance(light.look, CLEAN_LAB)[litter] > DIFFERENCE) > 0.8
    assert not light.lit[litter].mean() > 0.2


@pytest.mark.parametrize("kind", list(DISTURBANCES))
def test_a_bag_is_found_and_clean_ground_never_waste_in_rain_night_light_and_shake(
    kind: str,
) -> None:
    disturb = DISTURBANCES[kind]
    bag = look_at([disturb(with_bag(SCENE), number) for number in range(6)])
    assert PRESENT in bag_states(bag)
    assert CLEAR not in bag_states(bag)
    clean = look_at([disturb(SCENE, number) for number in range(9)])
    assert PRESENT not in states_of(clean)


def test_who_waits_and_moves_a_little_is_unknown_not_waste() -> None:
    pictures = []
    for step in range(10):
        picture = SCENE.copy()
        cv2.rectangle(picture, (200, 210), (224, 300), (40, 35, 30), -1)
        swing = (0, 12, 24, 12)[step % 4]
        cv2.rectangle(picture, (224, 212), (250 + swing, 296), (60, 60, 170 - 3 * swing), -1)
        cv2.rectangle(picture, (175 - swing, 215), (200, 290), (160 - 3 * swing, 90, 60), -1)
        pictures.append(picture)
    states = bag_states(look_at(pictures))
    assert set(states) == {UNKNOWN}


def test_a_figure_is_no_waste_until_it_has_stood_longer_than_people_do() -> None:
    thing = SCENE.copy()
    cv2.rectangle(thing, (200, 220), (240, 310), (40, 35, 30), -1)
    at_work = (150, 165, 30, 68)
    states = bag_states(look_at([thing] * 17, FigureAt(at_work, always=False)))
    assert set(states[:12]) == {UNKNOWN}
    assert states[-1] is PRESENT


def test_what_looks_like_a_figure_on_the_clean_ground_too_hides_no_bag() -> None:
    thing = SCENE.copy()
    cv2.rectangle(thing, (200, 220), (240, 310), (40, 35, 30), -1)
    at_work = (150, 165, 30, 68)
    states = bag_states(look_at([thing] * 5, FigureAt(at_work, always=True)))
    assert states[3:] == [PRESENT, PRESENT]


def test_nobody_is_looked_for_while_the_ground_is_clean_or_only_littered() -> None:
    finder = NobodyThere()
    littered = SCENE.copy()
    for number in range(5):
        cv2.rectangle(
            littered, (80 + 80 * number, 300), (92 + 80 * number, 310), (245, 245, 245), -1
        )
    look_at([SCENE, *[littered] * 5], finder)
    assert finder.asked == 0


def test_opencv_finds_no_people_on_paving() -> None:
    assert HogPeople().movers_near(SCENE, ((200, 220, 40, 90),)) == ()


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(list(DISTURBANCES)), st.integers(0, 1000))
def test_a_disturbance_is_a_function_of_picture_and_number(kind: str, number: int) -> None:
    before = SCENE.copy()
    one, again = (DISTURBANCES[kind](SCENE, number) for _ in range(2))
    assert np.array_equal(one, again)
    assert one.shape == SCENE.shape
    assert one.dtype == np.uint8
    assert np.array_equal(before, SCENE)


def test_rain_differs_in_every_snapshot_and_shake_stays_within_its_bound() -> None:
    assert not np.array_equal(rain(SCENE, 1), rain(SCENE, 2))
    spot = np.zeros((240, 320, 3), dtype=np.uint8)
    spot[120, 160] = 255
    for number in range(20):
        y, x = np.argwhere(shake(spot, number).max(axis=2) > 40).mean(axis=0)
        assert max(abs(y - 120), abs(x - 160)) <= SHAKE_PX + 1


def pieces_on(
    pictures: Sequence[Picture], reference: Picture = SCENE
) -> list[set[tuple[int, int, int, int]]]:
    setup = prepare_camera(
        street_camera(), {Lighting.DAY: reference}, width_px=640, height_px=360, head=shipped_head()
    )
    state, found = CameraState(), []
    for number, picture in enumerate(pictures):
        judged = judge_snapshot(setup, state, with_noise(picture, number))
        state = judged.state
        found.append({piece.box for piece in judged.pieces})
    return found


def on_litter(boxes: set[tuple[int, int, int, int]]) -> bool:
    return any(x < 202 and x + w > 187 and y < 231 and y + h > 217 for x, y, w, h in boxes)


def test_haze_that_lifts_dark_ground_and_leaves_bright_ground_is_no_waste() -> None:
    marked = SCENE.copy()
    for number in range(9):
        x, y = 60 + 55 * number, 250 + 10 * (number % 3)
        level = 230 if number % 2 else 28
        cv2.rectangle(marked, (x, y), (x + 22, y + 25), (level,) * 3, -1)
    hazy = np.clip(marked * 0.6 + 70.0, 0, 255).astype(np.uint8)
    assert not any(pieces_on([hazy] * 7, marked))


def test_a_weak_shadow_that_only_shows_on_bright_grains_leaves_nothing() -> None:
    rng = np.random.default_rng(5)
    grain = cv2.GaussianBlur(rng.normal(0, 50, (360, 640)).astype(np.float32), (0, 0), 2.0)
    rough = np.clip(clean_scene() + grain[..., None] * 4.0, 0, 255).astype(np.uint8)
    moving = [shaded(rough, 40 + 9 * number, 260, 0.8) for number in range(10)]
    assert not any(pieces_on(moving, rough))


def test_dark_litter_is_found_at_night_where_the_reference_is_of_the_night_too() -> None:
    littered = SCENE.copy()
    cv2.rectangle(littered, (250, 290), (269, 307), (75, 75, 75), -1)
    dark, left = ((picture * 0.24).astype(np.uint8) for picture in (SCENE, littered))
    found = pieces_on([dark] * 3 + [left] * 6, dark)
    assert not any(found[:3])
    assert on_litter(found[-1])


def test_a_dim_picture_is_not_called_blurred_for_being_dim() -> None:
    grey = grey_of(SCENE)
    clean = texture_of(grey)
    dim = (grey * 0.28).astype(np.uint8)
    assert health_of(dim, texture_of(dim), clean) is CameraHealth.OK


def test_what_a_shaken_picture_does_not_show_is_hidden_in_the_kept_one() -> None:
    setup = prepare_camera(
        street_camera(), {Lighting.DAY: SCENE}, width_px=640, height_px=360, head=shipped_head()
    )
    move = np.array([[1.0, 0.0, 6.0], [0.0, 1.0, -5.0]])
    shaken = cv2.warpAffine(SCENE, move, (640, 360), borderMode=cv2.BORDER_REPLICATE)
    judged = judge_snapshot(setup, CameraState(), np.asarray(shaken, dtype=np.uint8))
    assert judged.passing is not None
    assert judged.passing[-3:].all()
    assert not judged.pieces


def test_what_was_seen_before_the_exposure_jumped_is_found_though_it_is_blown_out_then() -> None:
    littered = SCENE.copy()
    cv2.rectangle(littered, (250, 290), (269, 307), (60, 60, 190), -1)
    jumped = np.clip(littered * 1.45, 0, 255).astype(np.uint8)
    found = pieces_on([SCENE] * 3 + [littered] * 2 + [jumped] * 3)
    assert not any(found[:3])
    assert on_litter(found[6])
