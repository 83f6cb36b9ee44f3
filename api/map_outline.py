"""The district's outline as GeoJSON: the map behind Grafana's markers, which needs no tiles."""

import itertools
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api.request_facts import Parts, Reader
from domain.places import Subdistrict
from domain.registry import RegistrySnapshot
from texts.catalogue import Locale

router = APIRouter(tags=["places"])

_CACHE = "private, max-age=3600"


@router.get(
    "/maps/district.geojson",
    summary="The outlines of the subdistricts, for maps",
    responses={200: {"content": {"application/geo+json": {}}}},
)
def district_outline(parts: Parts, locale: Reader) -> Response:
    """Answer a feature for each subdistrict whose outline the registry has (RFC 7946)."""
    return JSONResponse(
        outline_of(parts.registry.current(), locale),
        media_type="application/geo+json",
        headers={"cache-control": _CACHE, "vary": "accept-language"},
    )


def outline_of(registry: RegistrySnapshot, locale: Locale) -> dict[str, Any]:
    """Return the outlines as a collection of features, with id and name."""
    return {
        "type": "FeatureCollection",
        "features": [
            _feature(subdistrict, locale)
            for subdistrict in registry.subdistricts.values()
            if subdistrict.outline
        ],
    }


def _feature(subdistrict: Subdistrict, locale: Locale) -> dict[str, Any]:
    name = subdistrict.name
    corners = [[point.longitude_deg, point.latitude_deg] for point in subdistrict.outline]
    if corners[0] != corners[-1]:
        corners.append(corners[0])
    if _turns_clockwise(corners):
        corners.reverse()
    return {
        "type": "Feature",
        "id": subdistrict.subdistrict_id,
        "properties": {"name": name.zh if locale is Locale.ZH_CN else name.en or name.zh},
        "geometry": {"type": "Polygon", "coordinates": [corners]},
    }


def _turns_clockwise(ring: list[list[float]]) -> bool:
    """Whether an outer ring turns the way that RFC 7946 does not want."""
    doubled_area = sum((x2 - x1) * (y2 + y1) for (x1, y1), (x2, y2) in itertools.pairwise(ring))
    return doubled_area > 0
