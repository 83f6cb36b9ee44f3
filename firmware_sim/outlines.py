"""Natural-looking borders from a few corners: neighbours share every bend of their border."""

from collections.abc import Sequence
from math import cos, hypot, radians
from random import Random

from domain.places import GeoPoint
from firmware_sim.district_places import CENTRE_LATITUDE_DEG, CENTRE_LONGITUDE_DEG, Km

_KM_PER_DEGREE = 111.32
_BEND_RATIO = 0.09
_SHORTEST_KM = 0.35


def geo_point(point: Km) -> GeoPoint:
    """Return the WGS-84 point that lies this far east and north of the district's centre."""
    east_km, north_km = point
    km_per_degree_east = _KM_PER_DEGREE * cos(radians(CENTRE_LATITUDE_DEG))
    return GeoPoint(
        latitude_deg=round(CENTRE_LATITUDE_DEG + north_km / _KM_PER_DEGREE, 6),
        longitude_deg=round(CENTRE_LONGITUDE_DEG + east_km / km_per_degree_east, 6),
    )


def outline(corners: Sequence[Km]) -> tuple[Km, ...]:
    """Return the closed outline through these corners, its sides bent; the last point is not the
    first again. A side bends the same way whichever neighbour asks.
    """
    points: list[Km] = []
    for corner, following in zip(corners, (*corners[1:], corners[0]), strict=True):
        points.extend(_border(corner, following)[:-1])
    return tuple(points)


def _border(start: Km, end: Km) -> list[Km]:
    low, high = min(start, end), max(start, end)
    line = _bent(low, high, Random(f"border/{low}/{high}"))  # noqa: S311 - a map, not a secret
    return line if start == low else line[::-1]


def _bent(start: Km, end: Km, rng: Random) -> list[Km]:
    east, north = end[0] - start[0], end[1] - start[1]
    if hypot(east, north) < _SHORTEST_KM:
        return [start, end]
    shift = rng.uniform(-_BEND_RATIO, _BEND_RATIO)
    middle = (
        round((start[0] + end[0]) / 2 - north * shift, 4),
        round((start[1] + end[1]) / 2 + east * shift, 4),
    )
    return [*_bent(start, middle, rng)[:-1], *_bent(middle, end, rng)]
