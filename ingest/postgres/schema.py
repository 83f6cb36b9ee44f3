"""The journal's tables on PostgreSQL, in the schema ``journal``.

The same tables as ``journal.db`` has on one machine, with two more: ``tail``, the newest position,
and ``cursors``, how far the workers' own followers are. Times are microseconds since 1970 UTC.
"""

import sqlalchemy as sa

SCHEMA = "journal"

METADATA = sa.MetaData()

# The number is drawn before the round is judged, by whichever worker: hence a sequence.
uplinks = sa.Table(
    "uplinks",
    METADATA,
    sa.Column("number", sa.Integer(), sa.Identity(), primary_key=True),
    sa.Column("gateway_id", sa.Text(), nullable=False),
    sa.Column("boot_id", sa.Text(), nullable=False),
    sa.Column("shard", sa.SmallInteger(), nullable=False),
    sa.Column("through", sa.BigInteger(), nullable=False),
    sa.Column("missing", sa.Text(), nullable=False),
    sa.Column("heard_us", sa.BigInteger(), nullable=False),
    sa.UniqueConstraint("gateway_id", "boot_id"),
)

# The identity index begins with the time, as in SQLite: new entries of it lie side by side.
entries = sa.Table(
    "entries",
    METADATA,
    sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger(), nullable=False),
    sa.Column("observed_us", sa.BigInteger(), nullable=False),
    sa.Column("received_us", sa.BigInteger(), nullable=False),
    sa.Column("uplink", sa.Integer(), nullable=False),
    sa.Column("late", sa.Boolean(), nullable=False),
    sa.Column("sets_state", sa.Boolean(), nullable=False),
    sa.Column("device_id", sa.Text(), nullable=False),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("record", sa.LargeBinary(), nullable=False),
    sa.UniqueConstraint("uplink", "sequence"),
    sa.UniqueConstraint("observed_us", "device_id", "kind"),
)

tail = sa.Table(
    "tail",
    METADATA,
    sa.Column("only", sa.Boolean(), primary_key=True),
    sa.Column("position", sa.BigInteger(), nullable=False),
)

newest = sa.Table(
    "newest",
    METADATA,
    sa.Column("device_id", sa.Text(), primary_key=True),
    sa.Column("kind", sa.Text(), primary_key=True),
    sa.Column("observed_us", sa.BigInteger(), nullable=False),
)

pictures = sa.Table(
    "pictures",
    METADATA,
    sa.Column("observed_us", sa.BigInteger(), primary_key=True, autoincrement=False),
    sa.Column("device_id", sa.Text(), primary_key=True),
    sa.Column("sha256", sa.Text(), primary_key=True),
    sa.Column("received_us", sa.BigInteger(), nullable=False),
)

dead_letters = sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("number", sa.BigInteger(), sa.Identity(), primary_key=True),
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
    sa.UniqueConstraint("gateway_id", "reason", "digest"),
)

quality_counts = sa.Table(
    "quality_counts",
    METADATA,
    sa.Column("hour", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("gateway_id", sa.Text(), primary_key=True),
    sa.Column("device_id", sa.Text(), primary_key=True),
    sa.Column("kind", sa.Text(), primary_key=True),
    sa.Column("reason", sa.Text(), primary_key=True),
    sa.Column("times", sa.BigInteger(), nullable=False),
)

device_hours = sa.Table(
    "device_hours",
    METADATA,
    sa.Column("hour", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("device_id", sa.Text(), primary_key=True),
    sa.Column("usable", sa.Boolean(), nullable=False),
    sa.Column("least_offset_us", sa.BigInteger(), nullable=False),
)

# How far the followers of each worker are: nothing they have not read is trimmed, whoever trims.
cursors = sa.Table(
    "cursors",
    METADATA,
    sa.Column("name", sa.Text(), primary_key=True),
    sa.Column("position", sa.BigInteger(), nullable=False),
    sa.Column("told_us", sa.BigInteger(), nullable=False),
)
