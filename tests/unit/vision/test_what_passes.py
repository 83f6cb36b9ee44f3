"""What passes over a place, or passed over its clean reference, is no waste: rendered scenes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.devices import Lighting
from domain.records import CameraHealth
from firmware_sim.camera_server import CameraFault, with_fault
from firmware_sim.ground import GroundItem, GroundKind, PlaceTruth
from tests.fakes.rendered_camera import RenderedCamera
from tests.fakes.sample_pictures import with_noise
from vision.camera_setup import prepare_camera
from vision.evaluation.disturbances import rain
from vision.judge_snapshot import CameraState, JudgedSnapshot, judge_snapshot
from vision.limited_cv2 import Mask, Picture, bytes_of, cv2
from vision.median import median_picture
from vision.overflow_score import shipped_head
from vision.surroundings import Compared, is_ground

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
CAMERA = RenderedCamera(11)
_LITTER = GroundItem(
    item_id="litter", kind=GroundKind.LITTER, x=0.5, y=0.6, size_m=0.25, dropped_at=NOON
)


def scene(*ground: GroundItem) -> Picture:
    truth = PlaceTruth(
        place_id="place-1",
        at=NOON + timedelta(minutes=5),
        levels={"container-1": 0.3, "container-2": 0.3},
        ground=ground,
    )
    return CAMERA.snapshot(truth)


EMPTY, LITTERED = scene(), scene(_LITTER)


def look_at(pictures: Sequence[Picture], reference: Picture = EMPTY) -> list[JudgedSnapshot]:
    height, width = reference.shape[:2]
    setup = prepare_camera(
        CAMERA.camera,
        {Lighting.DAY: reference},
        width_px=width,
        height_px=height,
        head=shipped_head(),
    )
    state, seen = CameraState(), []
    for number, picture in enumerate(pictures):
        seen.append(judge_snapshot(setup, state, with_noise(picture, number)))
        state = seen[-1].state
    return seen


def dense(picture: Picture, number: int) -> Picture:
    return rain(rain(rain(picture, 3 * number), 3 * number + 1), 3 * number + 2)


@pytest.mark.parametrize("now", [lambda picture, _: picture, rain], ids=["dry", "raining"])
def test_rain_on_the_reference_leaves_nothing_and_hides_no_litter(
    now: Callable[[Picture, int], Picture],
) -> None:
    wet = dense(EMPTY, 100)
    assert not any(judged.pieces for judged in look_at([now(EMPTY, n) for n in range(6)], wet))
    assert look_at([now(LITTERED, n) for n in range(5)], wet)[-1].pieces


def test_a_cloud_over_most_of_a_place_does_not_make_sunlit_ground_waste() -> None:
    bright = np.clip(EMPTY * 1.35, 0, 255).astype(np.uint8)
    height, width = bright.shape[:2]
    shadow = np.zeros((height, width), dtype=np.float32)
    shadow[:, : round(0.7 * width)] = 1.0
    soft = cv2.GaussianBlur(shadow, (0, 0), width / 12)[..., None]
    seen = look_at([bytes_of((bright * (1.0 - 0.45 * soft)).astype(np.uint8))] * 5, bright)
    assert not any(judged.pieces for judged in seen)


def test_a_moved_camera_stays_moved_though_parts_of_it_look_smeared() -> None:
    moved = with_fault(EMPTY, CameraFault.MOVED)
    seen = look_at([EMPTY, *[moved] * 5])
    assert [judged.values.camera_health for judged in seen[1:]] == [CameraHealth.MOVED] * 5


def test_rain_on_half_of_the_pictures_is_not_in_their_median_as_it_was_in_them() -> None:
    ground, drop = np.full((4, 4, 3), 90, np.uint8), np.full((4, 4, 3), 140, np.uint8)
    assert np.array_equal(median_picture([ground, drop] * 5), np.full((4, 4, 3), 115, np.uint8))
    assert np.array_equal(median_picture([ground, drop, ground]), ground)


def spot(background: int, there: int) -> tuple[Picture, Mask]:
    """Return a plain piece of ground in Lab with a spot in the middle, and where that is."""
    lab = np.full((40, 40, 3), 128, dtype=np.uint8)
    lab[..., 0] = background
    lab[15:25, 15:25, 0] = there
    where = np.zeros((40, 40), dtype=np.bool_)
    where[15:25, 15:25] = True
    return lab, where


@pytest.mark.parametrize(
    ("now", "clean", "expected"),
    [
        ((120, 170), (120, 120), False),
        ((80, 120), (120, 170), True),
        ((80, 40), (120, 120), False),
    ],
    ids=["a thing", "less light on both", "a thing in a shadow"],
)
def test_a_piece_is_ground_only_where_its_light_changed_as_around_it(
    now: tuple[int, int], clean: tuple[int, int], *, expected: bool
) -> None:
    look, piece = spot(*now)
    compared = Compared(picture=look, look=look, clean=spot(*clean)[0])
    assert is_ground(piece, ~piece, 0, 0, compared) is expected
