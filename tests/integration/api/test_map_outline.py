"""The outline behind Grafana's map is one that a map can draw."""

import itertools

from tests.fakes.centre_rig import CentreRig
from tests.fakes.http_client import TestClient

PATH = "/maps/district.geojson"


def test_every_subdistrict_with_an_outline_is_a_closed_polygon(
    client: TestClient, rig: CentreRig
) -> None:
    answer = client.get(PATH)
    assert answer.headers["content-type"].startswith("application/geo+json")
    told = answer.json()
    registry = rig.registry.current()
    assert {feature["id"] for feature in told["features"]} == {
        key for key, subdistrict in registry.subdistricts.items() if subdistrict.outline
    }
    places = registry.places.values()
    for feature in told["features"]:
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert len(ring) >= 4
        turning = sum((x2 - x1) * (y2 + y1) for (x1, y1), (x2, y2) in itertools.pairwise(ring))
        assert turning < 0, "an outer ring turns counter-clockwise"
    lowest = min(x for f in told["features"] for x, _ in f["geometry"]["coordinates"][0])
    assert lowest <= min(place.location.longitude_deg for place in places)


def test_names_come_in_the_language_of_the_reader(client: TestClient) -> None:
    def names(language: str) -> set[str]:
        features = client.get(PATH, headers={"accept-language": language}).json()["features"]
        return {feature["properties"]["name"] for feature in features}

    assert names("zh-CN").isdisjoint(names("en"))
