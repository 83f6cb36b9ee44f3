"""Map tiles behind the outline, for a district that has a provider of them."""

from typing import Any


def with_tiles(model: dict[str, Any], tile_url: str) -> dict[str, Any]:
    """Return a dashboard whose maps lie on these tiles, the outline drawn over them.

    ``tile_url`` is written as for the console's map: ``{s}`` stands for ``a``, ``b`` or ``c``.
    """
    panels = [_on_tiles(panel, tile_url) for panel in model["panels"]]
    return {**model, "panels": panels}


def _on_tiles(panel: dict[str, Any], tile_url: str) -> dict[str, Any]:
    if panel["type"] != "geomap":
        return panel
    options = panel["options"]
    tiles = {"type": "xyz", "name": "tiles", "config": {"url": tile_url.replace("{s}", "{a-c}")}}
    layers = [options["basemap"], *options["layers"]]
    return {**panel, "options": {**options, "basemap": tiles, "layers": layers}}
