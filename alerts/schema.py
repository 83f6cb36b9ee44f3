"""The tables of ``cases.db``. What must be unique is unique here, not by a check before an insert.

The same definitions serve SQLite and PostgreSQL.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
)

from alerts.column_types import Counted, UtcTime
from domain.cases import OPEN_STATES

SCHEMA_VERSION = 3

METADATA = MetaData()

facts = Table(
    "facts",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""The schema's version and the store's own id."""

cursors = Table(
    "cursors",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

counters = Table(
    "counters",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

rule_states = Table(
    "rule_states",
    METADATA,
    Column("rule", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

alerts = Table(
    "alerts",
    METADATA,
    Column("alert_id", Text, primary_key=True),
    Column("episode", Text, nullable=False, unique=True),
    Column("about_device", Boolean, nullable=False),
    Column("place_id", Text, nullable=False),
    Column("device_id", Text),
    Column("subject", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("fired_at", UtcTime, nullable=False),
    Column("resolved_at", UtcTime),
    Column("case_id", Text),
    Column("picture_sha256", Text),
)
_alert_is_open = alerts.c.resolved_at.is_(None)
_open_at_place = and_(_alert_is_open, alerts.c.about_device.is_(False))
_open_at_device = and_(_alert_is_open, alerts.c.about_device.is_(True))
Index(
    "one_open_alert_per_place_and_class",
    alerts.c.place_id,
    alerts.c.subject,
    unique=True,
    sqlite_where=_open_at_place,
    postgresql_where=_open_at_place,
)
Index(
    "one_open_alert_per_device_and_condition",
    alerts.c.device_id,
    alerts.c.subject,
    unique=True,
    sqlite_where=_open_at_device,
    postgresql_where=_open_at_device,
)
Index("alerts_by_place", alerts.c.place_id, alerts.c.fired_at)
Index("alerts_by_case", alerts.c.case_id)

alert_causes = Table(
    "alert_causes",
    METADATA,
    Column("alert_id", Text, primary_key=True),
    Column("device_id", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("seen_at", UtcTime, nullable=False),
)
"""Everything that spoke for an alert, each once."""

cases = Table(
    "cases",
    METADATA,
    Column("case_id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("episode", Text, nullable=False, unique=True),
    Column("place_id", Text, nullable=False),
    Column("problem_class", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("unit_id", Text, nullable=False),
    Column("crew_id", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("filed_at", UtcTime),
    Column("due_at", UtcTime),
    Column("accepted_at", UtcTime),
    Column("arrived_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("escalation_level", Integer, nullable=False),
    Column("rework_count", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("told_at", UtcTime),
    Column("awaiting_since", UtcTime),
    Column("paused_at", UtcTime),
    Column("reminders", Integer, nullable=False),
    Column("photo_doubts", Integer, nullable=False, server_default="0"),
)
_case_is_open = cases.c.state.in_([str(state) for state in sorted(OPEN_STATES)])
Index(
    "one_open_case_per_place_and_class",
    cases.c.place_id,
    cases.c.problem_class,
    unique=True,
    sqlite_where=_case_is_open,
    postgresql_where=_case_is_open,
)
Index("cases_by_place", cases.c.place_id, cases.c.opened_at)
Index("cases_by_state", cases.c.state, cases.c.ended_at)

case_log = Table(
    "case_log",
    METADATA,
    Column("position", Counted, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("state_before", Text),
    Column("state_after", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("approved_by", Text),
    Column("photos", JSON, nullable=False),
)
Index("case_log_by_case", case_log.c.case_id, case_log.c.position)

proof_photos = Table(
    "proof_photos",
    METADATA,
    Column("number", Counted, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("sent_at", UtcTime, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
)
"""What every photo of a crew looked like, to know it again (16 bytes, no picture)."""

photo_doubts = Table(
    "photo_doubts",
    METADATA,
    Column("number", Counted, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("noted_at", UtcTime, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("doubt", Text, nullable=False),
    Column("like_case_id", Text),
    Column("like_sha256", Text),
    Column("distance_m", Integer),
    Column("early_min", Integer),
)
Index("photo_doubts_by_case", photo_doubts.c.case_id, photo_doubts.c.number)

orders = Table(
    "orders",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""Idempotency keys of what people ordered; a key seen before changes nothing."""

rearms = Table(
    "rearms",
    METADATA,
    Column("position", Counted, primary_key=True),
    Column("place_id", Text, nullable=False),
    Column("problem_class", Text, nullable=False),
)
"""Closed cases leave one: the evaluation forgets what it had seen there, so that the same problem
must be seen anew before it alerts again."""

outbox = Table(
    "outbox",
    METADATA,
    Column("position", Counted, primary_key=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("case_id", Text, nullable=False),
    Column("episode", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("link", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("repeat", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("settled_at", UtcTime),
)
"""``occasion`` is the level, numbered where it can come again (``rework-2``)."""
Index(
    "one_message_per_episode_level_channel_recipient",
    outbox.c.episode,
    outbox.c.occasion,
    outbox.c.channel,
    outbox.c.recipient,
    unique=True,
)
Index("outbox_by_case", outbox.c.case_id)
_message_is_unsettled = outbox.c.state.in_(["waiting", "sending"])
Index(
    "unsettled_messages",
    outbox.c.lane,
    outbox.c.position,
    sqlite_where=_message_is_unsettled,
    postgresql_where=_message_is_unsettled,
)

address_posts = Table(
    "address_posts",
    METADATA,
    Column("number", Counted, primary_key=True),
    Column("address_key", Text, nullable=False),
    Column("posted_at", UtcTime, nullable=False),
)
"""The last minute's posts, so that a new process goes on counting; a few dozen rows."""

changes = Table(
    "changes",
    METADATA,
    Column("position", Counted, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("place_id", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("values", JSON, nullable=False),
    sqlite_autoincrement=True,
)
_is_notice = changes.c.kind == "notice"
Index(
    "one_notice_per_message",
    changes.c.subject_id,
    unique=True,
    sqlite_where=_is_notice,
    postgresql_where=_is_notice,
)
