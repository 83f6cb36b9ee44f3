"""The posts of the last minute to each address, kept with the cases.

A receiver counts on when our process ends. One that is started again and again would else send
every address a fresh minute's posts each time. Written in the transaction that claims the messages,
before they are sent: what a crash leaves counts as sent.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, not_, select

from alerts.message_budget import WINDOW_S, MessageBudget
from alerts.schema import address_posts
from alerts.store import CaseStore
from domain.ports.clock import Clock

_WINDOW = timedelta(seconds=WINDOW_S)


def remembered_budget(store: CaseStore, clock: Clock, *, per_minute: int) -> MessageBudget:
    """Return the budget as it stands after what earlier processes have posted.

    Their posts bear business time: in a clock that runs fast they are sooner forgotten.
    """
    seconds_ago: dict[str, list[float]] = {}
    with store.transaction() as connection:
        now = clock.now()
        rows = connection.execute(
            select(address_posts.c.address_key, address_posts.c.posted_at).order_by(
                address_posts.c.posted_at
            )
        )
        for key, posted_at in rows:
            ago_s = (now - posted_at).total_seconds()
            if abs(ago_s) < WINDOW_S:
                # A clock that was set back: as if just now.
                seconds_ago.setdefault(key, []).append(max(0.0, ago_s))
    return MessageBudget(per_minute, clock.monotonic_s, seconds_ago)


def address_key(address: str) -> str:
    """Return what stands for an address, whose path often is a secret."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def note_post(connection: Connection, key: str, *, now: datetime) -> None:
    """Keep that an address gets a post now; forget those that do not count any more."""
    counts = address_posts.c.posted_at.between(now - _WINDOW, now + _WINDOW)
    connection.execute(delete(address_posts).where(not_(counts)))
    connection.execute(insert(address_posts).values(address_key=key, posted_at=now))
