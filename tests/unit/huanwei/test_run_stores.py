"""Who answers what pages ask of the time series."""

from pathlib import Path

import pytest

from huanwei.run_stores import time_series_of
from huanwei.settings import Settings
from ingest.history import SqliteHistory
from ingest.influx.history import InfluxHistory
from ingest.influx.measures import InfluxMeasures
from ingest.measures import SqliteMeasures

POSTGRES = {"url": "postgresql://huanwei:a-word@127.0.0.1:5432/huanwei"}
INFLUX = {"url": "http://127.0.0.1:8086", "org": "huanwei", "token": "t"}


def settings(folder: Path, **sections: object) -> Settings:
    given = {"edge": {"gateway_id": "gateway-1"}, "run": {"data": folder}, **sections}
    return Settings.model_validate(given)


@pytest.mark.parametrize(
    "sections",
    [{}, {"influx": INFLUX}, {"postgres": POSTGRES}],
    ids=["files", "influxdb beside", "district without influxdb"],
)
def test_pages_read_the_file_of_ingest(tmp_path: Path, sections: dict[str, object]) -> None:
    series = time_series_of(settings(tmp_path, **sections))
    assert isinstance(series.history, SqliteHistory)
    assert isinstance(series.measures, SqliteMeasures)
    assert set(series.readiness()) == {"readings"}
    (tmp_path / "series.db").touch()
    assert series.readiness() == {}


@pytest.mark.parametrize(
    "sections",
    [{"influx": INFLUX, "postgres": POSTGRES}, {"influx": {**INFLUX, "serves_pages": True}}],
    ids=["district", "by the setting"],
)
def test_pages_ask_influxdb_for_what_is_on_another_machine(
    tmp_path: Path, sections: dict[str, object]
) -> None:
    series = time_series_of(settings(tmp_path, **sections))
    assert isinstance(series.history, InfluxHistory)
    assert isinstance(series.measures, InfluxMeasures)
    assert series.readiness() == {}
    for thing in series.closing:
        thing.close()
