"""The registry: every imported version, and the newest in plain rows."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Make the schema ``registry``."""
    op.execute("CREATE SCHEMA registry")
    op.execute("SET LOCAL search_path TO registry")
    op.create_table(
        "versions",
        sa.Column("revision", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
    )
    _table("subdistricts", "subdistrict_id", "name_zh", "name_en?", outline=JSONB())
    _table("units", "unit_id", "name_zh", "name_en?", "kind")
    _table("crews", "crew_id", "name_zh", "name_en?", "unit_id")
    _places()
    _table(
        "containers",
        "container_id",
        "place_id",
        depth_mm=sa.Float(53),
        sensor_above_rim_mm=sa.Float(53),
        capacity_l=sa.Float(53),
    )
    _table(
        "sensors",
        "device_id",
        "place_id",
        "container_id",
        "gateway_id",
        "model",
        "dev_eui?",
        report_interval_s=sa.Integer(),
        dead_zone_mm=sa.Float(53),
    )
    _table(
        "cameras",
        "device_id",
        "place_id",
        "gateway_id",
        "legal_basis",
        snapshot_interval_s=sa.Integer(),
        sign_posted=sa.Boolean(),
    )


def _places() -> None:
    _table(
        "places",
        "place_id",
        "name_zh",
        "name_en?",
        "kind",
        "area_kind",
        "subdistrict_id",
        "grid_cell_id",
        "unit_id",
        "collecting_unit_id",
        "crew_id",
        "collecting_crew_id",
        latitude_deg=sa.Float(53),
        longitude_deg=sa.Float(53),
    )


def _table(name: str, key: str, *texts: str, **others: sa.types.TypeEngine[Any]) -> None:
    """Make a table of texts (``?`` at the end: may be missing) and other columns."""
    op.create_table(
        name,
        sa.Column(key, sa.Text(), primary_key=True),
        *(sa.Column(t.rstrip("?"), sa.Text(), nullable=t.endswith("?")) for t in texts),
        *(sa.Column(column, kind, nullable=False) for column, kind in others.items()),
    )


def downgrade() -> None:
    """Nothing goes back: a database is put back from its backup."""
    raise NotImplementedError
