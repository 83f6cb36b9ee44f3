"""The registry's tables in PostgreSQL (schema ``registry``): every version as it was imported, and
the newest laid out in plain rows for dashboards and queries.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA = "registry"
METADATA = MetaData()

versions = Table(
    "versions",
    METADATA,
    Column("revision", BigInteger, Identity(), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("district_zh", Text),
    Column("district_en", Text),
)
"""``document`` is the file as ``huanwei registry export`` gives it; no row is ever changed."""


def _named(name: str, key: str, *columns: Column[object]) -> Table:
    return Table(
        name,
        METADATA,
        Column(key, Text, primary_key=True),
        Column("name_zh", Text, nullable=False),
        Column("name_en", Text),
        *columns,
    )


subdistricts = _named("subdistricts", "subdistrict_id", Column("outline", JSONB, nullable=False))
units = _named("units", "unit_id", Column("kind", Text, nullable=False))
crews = _named("crews", "crew_id", Column("unit_id", Text, nullable=False))
"""Without their web hooks: an address that reaches a phone is not for a dashboard."""
places = _named(
    "places",
    "place_id",
    Column("kind", Text, nullable=False),
    Column("area_kind", Text, nullable=False),
    Column("subdistrict_id", Text, nullable=False),
    Column("grid_cell_id", Text, nullable=False),
    Column("latitude_deg", Float(53), nullable=False),
    Column("longitude_deg", Float(53), nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("collecting_unit_id", Text, nullable=False),
    Column("crew_id", Text, nullable=False),
    Column("collecting_crew_id", Text, nullable=False),
)
containers = Table(
    "containers",
    METADATA,
    Column("container_id", Text, primary_key=True),
    Column("place_id", Text, nullable=False),
    Column("depth_mm", Float(53), nullable=False),
    Column("sensor_above_rim_mm", Float(53), nullable=False),
    Column("capacity_l", Float(53), nullable=False),
)
sensors = Table(
    "sensors",
    METADATA,
    Column("device_id", Text, primary_key=True),
    Column("place_id", Text, nullable=False),
    Column("container_id", Text, nullable=False),
    Column("gateway_id", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("report_interval_s", Integer, nullable=False),
    Column("dead_zone_mm", Float(53), nullable=False),
    Column("dev_eui", Text),
)
cameras = Table(
    "cameras",
    METADATA,
    Column("device_id", Text, primary_key=True),
    Column("place_id", Text, nullable=False),
    Column("gateway_id", Text, nullable=False),
    Column("snapshot_interval_s", Integer, nullable=False),
    Column("sign_posted", Boolean, nullable=False),
    Column("legal_basis", Text, nullable=False),
)
"""Without their addresses, which may hold a password, and without their polygons."""

LAID_OUT = (subdistricts, units, crews, places, containers, sensors, cameras)
