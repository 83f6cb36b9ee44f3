"""Alerts, cases and the outbox: what ``cases.db`` version 1 holds on one machine."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make the schema ``cases``. Times are microseconds since 1970, UTC."""
    op.execute("CREATE SCHEMA cases")
    op.execute("SET LOCAL search_path TO cases")
    _alerts()
    _cases()
    _outbox()
    _bookkeeping()


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("about_device", sa.Boolean(), nullable=False),
        sa.Column("place_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text()),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger()),
        sa.Column("case_id", sa.Text()),
        sa.Column("picture_sha256", sa.Text()),
        sa.PrimaryKeyConstraint("alert_id"),
        sa.UniqueConstraint("episode"),
    )
    op.create_index("alerts_by_case", "alerts", ["case_id"])
    op.create_index("alerts_by_place", "alerts", ["place_id", "fired_at"])
    op.create_index(
        "one_open_alert_per_device_and_condition",
        "alerts",
        ["device_id", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL AND about_device IS TRUE"),
    )
    op.create_index(
        "one_open_alert_per_place_and_class",
        "alerts",
        ["place_id", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL AND about_device IS FALSE"),
    )
    op.create_table(
        "alert_causes",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "device_id", "reason"),
    )
    op.create_table(
        "rule_states",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "subject"),
    )
    # ### end Alembic commands ###
    op.create_table(
        "rearms",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.Text(), nullable=False),
        sa.Column("problem_class", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("place_id", sa.Text(), nullable=False),
        sa.Column("problem_class", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("crew_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("filed_at", sa.BigInteger()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("accepted_at", sa.BigInteger()),
        sa.Column("arrived_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("told_at", sa.BigInteger()),
        sa.Column("awaiting_since", sa.BigInteger()),
        sa.Column("paused_at", sa.BigInteger()),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id"),
        sa.UniqueConstraint("episode"),
        sa.UniqueConstraint("number"),
    )
    op.create_index("cases_by_place", "cases", ["place_id", "opened_at"])
    op.create_index("cases_by_state", "cases", ["state", "ended_at"])
    op.create_index(
        "one_open_case_per_place_and_class",
        "cases",
        ["place_id", "problem_class"],
        unique=True,
        postgresql_where=sa.text(
            "state IN ('awaiting_verification', 'deferred', 'dispatched', 'filed', 'in_progress',"
            " 'reported', 'returned', 'rework', 'suspended')"
        ),
    )
    op.create_table(
        "case_log",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state_before", sa.Text()),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text()),
        sa.Column("photos", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("case_log_by_case", "case_log", ["case_id", "position"])
    op.create_table(
        "orders",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("link", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("settled_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("message_id"),
    )
    op.create_index(
        "one_message_per_episode_level_channel_recipient",
        "outbox",
        ["episode", "occasion", "channel", "recipient"],
        unique=True,
    )
    op.create_index("outbox_by_case", "outbox", ["case_id"])
    op.create_index(
        "unsettled_messages",
        "outbox",
        ["lane", "position"],
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_table(
        "changes",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "one_notice_per_message",
        "changes",
        ["subject_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'notice'"),
    )


def _bookkeeping() -> None:
    op.create_table(
        "facts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    """Nothing goes back: a database is put back from its backup."""
    raise NotImplementedError
