"""The whole application over a real case desk in a temporary file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from api.settings import ApiSettings
from firmware_sim.district import build_district
from tests.fakes.centre_rig import BASE_URL, CentreRig, open_centre
from tests.fakes.http_client import TestClient

REGISTRY = build_district(1, simulator_url="http://127.0.0.1:8010", gateway_id="gateway-1").registry


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[CentreRig]:
    with open_centre(tmp_path, REGISTRY) as opened:
        yield opened


@pytest.fixture
def client(rig: CentreRig) -> Iterator[TestClient]:
    app = create_app(rig.parts(), settings=ApiSettings())
    with TestClient(app, base_url=BASE_URL, follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def camera_place() -> str:
    """A place that a camera looks at."""
    return next(iter(REGISTRY.cameras.values())).place_id


@pytest.fixture
def blind_place() -> str:
    """A place without a camera, with at least one fill sensor."""
    return next(
        place_id
        for place_id in REGISTRY.places
        if not REGISTRY.cameras_at[place_id] and REGISTRY.sensors_at[place_id]
    )
