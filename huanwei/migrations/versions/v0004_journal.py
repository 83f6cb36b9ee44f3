"""The journal: what ``journal.db`` holds on one machine, for one or several ingest workers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Make the schema ``journal``. Times are microseconds since 1970, UTC."""
    op.execute("CREATE SCHEMA journal")
    op.execute("SET LOCAL search_path TO journal")
    _entries()
    _newest()
    _dead_letters()
    _quality()
    # Entries come in once and go after 14 days from the front, whole pages at a time: little and
    # often, vacuum keeps up and the pages are used again. What hardly grows but is written in
    # every round keeps room in its pages, so that no index of it is touched.
    op.execute(
        "ALTER TABLE entries SET (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)"
    )
    for table in ("uplinks", "newest", "tail", "cursors", "quality_counts", "device_hours"):
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 60)")


def _entries() -> None:
    op.create_table(
        "uplinks",
        sa.Column("number", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("gateway_id", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("heard_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("gateway_id", "boot_id"),
    )
    op.create_table(
        "entries",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("uplink", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("sets_state", sa.Boolean(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("uplink", "sequence"),
        sa.UniqueConstraint("observed_us", "device_id", "kind"),
    )
    op.create_table(
        "tail",
        sa.Column("only", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only"),
    )
    op.execute("INSERT INTO tail VALUES (true, 0)")
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("told_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _newest() -> None:
    op.create_table(
        "newest",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "kind"),
    )
    op.create_table(
        "pictures",
        sa.Column("observed_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("observed_us", "device_id", "sha256"),
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("first_at_us", sa.BigInteger(), nullable=False),
        sa.Column("last_at_us", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text(), nullable=False),
        sa.Column("boot_id", sa.Text()),
        sa.Column("sequence", sa.BigInteger()),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("gateway_id", "reason", "digest"),
    )


def _quality() -> None:
    op.create_table(
        "quality_counts",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "gateway_id", "device_id", "kind", "reason"),
    )
    op.create_table(
        "device_hours",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("usable", sa.Boolean(), nullable=False),
        sa.Column("least_offset_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "device_id"),
    )


def downgrade() -> None:
    """Nothing goes back: a database is put back from its backup."""
    raise NotImplementedError
