"""From a camera's polygons to masks at the size that is worked in, made once per camera."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.devices import Camera, Zone, ZoneKind
from domain.places import Polygon
from vision.limited_cv2 import Mask, cv2

WORK_WIDTH_PX = 480
"""All comparing is done at this width; a camera's own width only counts for what is stored."""

RIM_STRIP = 0.275
"""A bin polygon holds the bin and room for a heap above its rim, three eighths of the bin's height:
this upper share of the polygon is the strip above the rim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in whole pixels; ``right`` and ``bottom`` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rows and columns, to cut it out of an array."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class BinZone:
    """A bin. ``crop`` frames it at work size; the bool masks have the crop's shape: ``whole`` is
    its polygon without what is ignored, ``rim_strip`` the part above the rim, ``body`` the rest.
    """

    zone: Zone
    whole: Mask
    rim_strip: Mask
    body: Mask
    crop: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundZone:
    """A piece of ground. ``mask`` leaves out the bins that stand in it and what is ignored;
    ``m2_at``: (height, width) float32, square metres that each pixel shows.
    """

    zone: Zone
    mask: Mask
    pixels: int
    m2_at: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMasks:
    """All zones of a camera at work size (``height_px``, ``width_px``).

    ``watched`` is where anything is compared, and all that a stored picture may show.
    """

    width_px: int
    height_px: int
    bins: tuple[BinZone, ...]
    grounds: tuple[GroundZone, ...]
    watched: Mask


DEFAULT_GROUND_M2 = 12.0
"""Taken where a technician has not measured the ground polygon."""


def work_size(width_px: int, height_px: int) -> tuple[int, int]:
    """Return (width, height) at which a picture of that size is compared."""
    if width_px <= WORK_WIDTH_PX:
        return width_px, height_px
    return WORK_WIDTH_PX, max(1, round(height_px * WORK_WIDTH_PX / width_px))


def polygon_mask(polygon: Polygon, width_px: int, height_px: int) -> Mask:
    """Return the pixels of a polygon in relative coordinates: (height, width) bool."""
    corners = np.array(polygon) * (width_px - 1, height_px - 1)
    canvas = np.zeros((height_px, width_px), dtype=np.uint8)
    cv2.fillPoly(canvas, [np.rint(corners).astype(np.int32)], 1)
    return canvas.astype(np.bool_)


def zone_masks(camera: Camera, width_px: int, height_px: int) -> ZoneMasks:
    """Return the masks of a camera at that work size."""
    empty = np.zeros((height_px, width_px), dtype=np.bool_)
    raw = [(zone, polygon_mask(zone.polygon, width_px, height_px)) for zone in camera.zones]
    ignored = _union(empty, [mask for zone, mask in raw if zone.kind is ZoneKind.IGNORE])
    in_bins = _union(empty, [mask for zone, mask in raw if zone.kind is ZoneKind.BIN])
    bins = tuple(_bin_zone(zone, mask, ignored) for zone, mask in raw if zone.kind is ZoneKind.BIN)
    grounds = tuple(
        _ground_zone(zone, mask, ignored | in_bins)
        for zone, mask in raw
        if zone.kind is ZoneKind.GROUND
    )
    return ZoneMasks(
        width_px=width_px,
        height_px=height_px,
        bins=bins,
        grounds=grounds,
        watched=_union(in_bins & ~ignored, [ground.mask for ground in grounds]),
    )


def _union(start: Mask, masks: list[Mask]) -> Mask:
    union = start.copy()
    for mask in masks:
        union |= mask
    return union


def _bin_zone(zone: Zone, mask: Mask, ignored: Mask) -> BinZone:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    above_rim = RIM_STRIP if zone.rim_share is None else zone.rim_share
    rim = top + max(1, round((bottom - top) * above_rim))
    crop = Box(left=left, top=top, right=right, bottom=bottom)
    whole = (mask & ~ignored)[crop.slices]
    above = whole.copy()
    above[rim - top :] = False
    return BinZone(zone=zone, whole=whole, rim_strip=above, body=whole & ~above, crop=crop)


def _ground_zone(zone: Zone, mask: Mask, left_out: Mask) -> GroundZone:
    area_m2 = zone.area_m2 if zone.area_m2 is not None else DEFAULT_GROUND_M2
    ground = mask & ~left_out
    # The polygon's known size is that of its whole outline, bins included.
    return GroundZone(
        zone=zone,
        mask=ground,
        pixels=int(np.count_nonzero(ground)),
        m2_at=_in_perspective(zone.polygon, zone.sides_m, mask.shape)
        if zone.sides_m is not None
        else np.broadcast_to(np.float32(area_m2 / max(1, int(np.count_nonzero(mask)))), mask.shape),
    )


def _in_perspective(
    polygon: Polygon, sides_m: tuple[float, float], shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Return the square metres of each pixel, by the map that lays the polygon on its rectangle.

    A homography enlarges an area at a point by its determinant over the cube of the point's depth.
    """
    height, width = shape
    corners = np.array(polygon, dtype=np.float32) * np.array(
        (width - 1, height - 1), dtype=np.float32
    )
    across, along = sides_m
    rectangle = np.array([(0, 0), (across, 0), (across, along), (0, along)], dtype=np.float32)
    onto = cv2.getPerspectiveTransform(corners, rectangle)
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    depth = onto[2, 0] * x + onto[2, 1] * y + onto[2, 2]
    # Towards the horizon a pixel shows any amount of ground; outside the polygon nothing is judged.
    nearest = np.abs(corners @ onto[2, :2] + onto[2, 2]).min()
    depth = np.maximum(np.abs(depth), nearest)
    return np.asarray(abs(np.linalg.det(onto)) / depth**3, dtype=np.float32)
