"""Tiles are an offer: without an address no map asks any host but ours."""

import json
import re

from dashboards.wanted import wanted_dashboards

CONSOLE = "https://city.example"


def maps(tile_url: str | None) -> list[dict[str, object]]:
    return [
        panel["options"]
        for wanted in wanted_dashboards(console_url=CONSOLE, tile_url=tile_url)
        for panel in json.loads(json.dumps(wanted.model))["panels"]
        if panel["type"] == "geomap"
    ]


def test_without_tiles_a_map_names_no_host() -> None:
    assert maps(None)
    for options in maps(None):
        assert not re.search(r"https?://", json.dumps(options).replace("${console}", ""))


def test_with_tiles_the_outline_lies_over_them() -> None:
    for options in maps("https://t{s}.tiles.example/{z}/{x}/{y}.png"):
        assert options["basemap"] == {
            "type": "xyz",
            "name": "tiles",
            "config": {"url": "https://t{a-c}.tiles.example/{z}/{x}/{y}.png"},
        }
        layers = options["layers"]
        assert isinstance(layers, list)
        assert [layer["type"] for layer in layers] == ["geojson", "markers"]
