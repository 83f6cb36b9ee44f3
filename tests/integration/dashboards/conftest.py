"""A filled district for every test here."""

from collections.abc import Iterator

import pytest

from tests.dashboards.filled import FilledDistrict, filled_district
from tests.influx_server import RunningInflux
from tests.postgres_server import RunningPostgres


@pytest.fixture(scope="session")
def filled(
    tmp_path_factory: pytest.TempPathFactory, influx: RunningInflux, postgres: RunningPostgres
) -> Iterator[FilledDistrict]:
    """The simulated district's last hours in a real InfluxDB and a real PostgreSQL."""
    with filled_district(tmp_path_factory.mktemp("filled"), influx, postgres) as district:
        yield district
