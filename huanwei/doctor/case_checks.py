"""Checks of the case work: how far behind the journal it is, and how long messages wait."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.exc import OperationalError

from huanwei.clock_choice import business_clock
from huanwei.doctor.findings import Finding, State
from huanwei.run_files import CASES, JOURNAL
from huanwei.run_stores import cases_of, record_feed_of
from huanwei.settings import Settings
from storage.postgres import DatabaseUnavailableError

LONG_LAG_ENTRIES = 5_000
LONG_WAIT_MIN = 15


def check_case_work(settings: Settings) -> Iterator[Finding]:
    """Look into journal and cases, wherever they are; nothing while there is neither.

    A database that is away is another check's to tell.
    """
    data = settings.run.data
    if settings.postgres is None and not ((data / JOURNAL).exists() and (data / CASES).exists()):
        return
    feed, book = record_feed_of(settings), cases_of(settings).open_book()
    try:
        newest, evaluated = feed.newest_position(), book.journal_position()
        count, oldest = book.waiting_messages()
    except (DatabaseUnavailableError, OperationalError):
        return
    finally:
        feed.close()
        book.close()
    yield judge_lag(max(0, newest - evaluated))
    yield judge_waiting(count, oldest, now=business_clock(settings).now())


def judge_lag(entries: int) -> Finding:
    """Return what so many entries mean."""
    long = entries > LONG_LAG_ENTRIES
    return Finding(
        check="lag",
        state=State.WRONG if long else State.OK,
        word="lag_long" if long else "lag_good",
        values={"entries": entries},
    )


def judge_waiting(count: int, oldest: datetime | None, *, now: datetime) -> Finding:
    """Return what it means that the oldest of so many messages was written then."""
    if oldest is None:
        return Finding(check="messages", state=State.OK, word="messages_none")
    minutes = max(0, int((now - oldest).total_seconds() // 60))
    long = minutes >= LONG_WAIT_MIN
    return Finding(
        check="messages",
        state=State.WARNING if long else State.OK,
        word="messages_old" if long else "messages_good",
        values={"count": count, "minutes": minutes},
    )
