"""The dead letters of a district, as an engineer looks at them."""

from sqlalchemy import URL, func, select

from ingest.dead_letters import DeadLetter, letter_of
from ingest.postgres.schema import SCHEMA, dead_letters
from ingest.reasons import RefusalReason
from storage.postgres import reading_engine


def read_dead_letters(url: URL | str, *, reason: str | None = None, limit: int) -> list[DeadLetter]:
    """Return the newest letters, newest first; ``reason`` is a code of :class:`RefusalReason`."""
    columns = [column for column in dead_letters.c if column.name != "number"]
    query = select(*columns).order_by(
        dead_letters.c.last_at_us.desc(), dead_letters.c.number.desc()
    )
    if reason is not None:
        query = query.where(dead_letters.c.reason == reason)
    engine = reading_engine(url, schema=SCHEMA)
    try:
        with engine.connect() as connection:
            return [letter_of(row) for row in connection.execute(query.limit(limit))]
    finally:
        engine.dispose()


def count_dead_letters(url: URL | str) -> dict[RefusalReason, int]:
    """Return how many letters there are by reason, repeats included."""
    query = (
        select(dead_letters.c.reason, func.sum(dead_letters.c.times))
        .group_by(dead_letters.c.reason)
        .order_by(dead_letters.c.reason)
    )
    engine = reading_engine(url, schema=SCHEMA)
    try:
        with engine.connect() as connection:
            return {
                RefusalReason(reason): int(times) for reason, times in connection.execute(query)
            }
    finally:
        engine.dispose()
