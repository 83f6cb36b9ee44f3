"""The map of the district: our own small component on the Leaflet that NiceGUI carries."""

from collections.abc import Sequence
from pathlib import Path

import nicegui
from nicegui.element import Element

from api.console.palette import URGENCY, svg
from api.console.view_models.district import Outline, PlaceMarker

_LEAFLET = Path(nicegui.__file__).parent / "elements" / "leaflet" / "dist"


class DistrictMap(
    Element, component="assets/district_map.js", esm={"nicegui-leaflet": str(_LEAFLET)}
):
    """Outlines as the base map, places as links; asks no host for anything without ``tile_url``."""

    def __init__(
        self, outlines: Sequence[Outline], *, tile_url: str | None, tile_attribution: str
    ) -> None:
        super().__init__()
        self.add_resource(_LEAFLET)
        self._props["outlines"] = [
            {"label": outline.label, "points": [list(point) for point in outline.points]}
            for outline in outlines
        ]
        self._props["symbols"] = {str(mark): svg(mark) for mark in URGENCY}
        self._props["tileUrl"] = tile_url
        self._props["tileAttribution"] = tile_attribution
        self._props["markers"] = []
        self._places: tuple[PlaceMarker, ...] = ()

    def show(self, markers: tuple[PlaceMarker, ...]) -> None:
        """Show these places; sends nothing where nothing has changed."""
        if markers == self._places:
            return
        self._places = markers
        self._props["markers"] = [
            {
                "key": marker.key,
                "position": [marker.latitude_deg, marker.longitude_deg],
                "mark": str(marker.mark),
                "label": marker.label,
                "detail": marker.detail,
                "href": marker.href,
            }
            for marker in markers
        ]
