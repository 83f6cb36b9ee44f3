"""Square metres of what lies near and far, where a ground polygon's sides are known."""

import numpy as np
import pytest

from domain.checks import InvalidValueError
from domain.devices import Camera, Zone, ZoneKind
from domain.problems import ProblemClass
from vision.ground_difference import class_of, find_blobs
from vision.limited_cv2 import Mask, cv2
from vision.zones import zone_masks

# A camera 4 m high looks 30 degrees down on a square of 6 m by 8 m, 4 m before its foot.
FOCAL_PX, HEIGHT_M, DOWN = 420.0, 4.0, np.radians(30)
WIDTH_PX, HEIGHT_PX = 480, 360


def seen_at(x_m: float, away_m: float) -> tuple[float, float]:
    """Return where a point of the ground is seen, in pixels."""
    depth = away_m * np.cos(DOWN) + HEIGHT_M * np.sin(DOWN)
    below = HEIGHT_M * np.cos(DOWN) - away_m * np.sin(DOWN)
    return (
        WIDTH_PX / 2 + FOCAL_PX * x_m / depth,
        HEIGHT_PX / 2 + FOCAL_PX * below / depth,
    )


def on_ground(
    left_m: float, near_m: float, wide_m: float, deep_m: float
) -> list[tuple[float, float]]:
    right_m, far_m = left_m + wide_m, near_m + deep_m
    return [
        seen_at(*corner)
        for corner in ((left_m, far_m), (right_m, far_m), (right_m, near_m), (left_m, near_m))
    ]


OUTLINE = tuple(
    (x / (WIDTH_PX - 1), y / (HEIGHT_PX - 1)) for x, y in on_ground(-2.0, 5.0, 4.0, 5.0)
)


def camera_with(**size: object) -> Camera:
    ground = Zone(zone_id="ground", kind=ZoneKind.GROUND, polygon=OUTLINE, **size)  # type: ignore[arg-type]  # area or sides
    return Camera(
        device_id="cam-01",
        place_id="place",
        gateway_id="gw-1",
        snapshot_url="http://camera.invalid/snapshot.jpg",
        snapshot_interval_s=60,
        zones=(ground,),
        sign_posted=True,
        legal_basis="a drawing",
    )


def piece(left_m: float, near_m: float, side_m: float) -> Mask:
    drawn = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.uint8)
    corners = np.rint(on_ground(left_m, near_m, side_m, side_m)).astype(np.int32)
    cv2.fillPoly(drawn, [corners], 1)
    return drawn.astype(np.bool_)


SIDES = zone_masks(camera_with(sides_m=(4.0, 5.0)), WIDTH_PX, HEIGHT_PX).grounds[0]
MEAN = zone_masks(camera_with(area_m2=20.0), WIDTH_PX, HEIGHT_PX).grounds[0]


@pytest.mark.parametrize("near_m", [5.2, 6.5, 8.0, 9.0])
def test_a_piece_has_its_size_near_and_far(near_m: float) -> None:
    (blob,) = find_blobs(piece(-0.4, near_m, 0.8), SIDES, ())
    assert blob.area_m2 == pytest.approx(0.64, rel=0.2)
    assert class_of(blob) is ProblemClass.BAGGED_WASTE_ON_GROUND


def test_the_mean_scale_calls_a_far_bag_smaller_than_a_near_one() -> None:
    near, far = (find_blobs(piece(-0.4, m, 0.8), MEAN, ())[0] for m in (5.2, 9.0))
    assert near.area_m2 > 2.0 * far.area_m2


def test_the_whole_polygon_has_the_size_of_its_rectangle() -> None:
    assert float(SIDES.m2_at[SIDES.mask].sum()) == pytest.approx(20.0, rel=0.03)
    assert float(MEAN.m2_at[MEAN.mask].sum()) == pytest.approx(20.0, rel=0.03)


@pytest.mark.parametrize(
    "polygon",
    [
        ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)),
        ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)),
        ((0.1, 0.1), (0.9, 0.1), (0.2, 0.2), (0.1, 0.9)),
    ],
    ids=["three corners", "crossed", "dented"],
)
def test_sides_are_refused_for_what_is_no_rectangle_in_perspective(
    polygon: tuple[tuple[float, float], ...],
) -> None:
    with pytest.raises(InvalidValueError, match="sides_m"):
        Zone(zone_id="ground", kind=ZoneKind.GROUND, polygon=polygon, sides_m=(4.0, 5.0))
