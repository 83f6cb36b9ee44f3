"""Dead letters: what was refused, with the reason, kept for an engineer to look at."""

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ingest.instants import from_us, to_us
from ingest.reading import open_when_written
from ingest.reasons import RefusalReason

MOST_PAYLOAD_BYTES = 16 * 1024
"""Longer payloads are cut; ``size`` and ``digest`` are of the whole."""

_MOST_DETAIL = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Something that was refused. The same again from the same gateway only counts in ``times``,
    and ``received_at`` is when it last came.

    ``gateway_id`` is the topic's; ``boot_id`` and ``sequence`` are known for records of a readable
    batch. ``digest`` is the SHA-256 of the whole payload of ``size`` bytes, or of a flood's sender;
    pictures are not kept, since what is refused may not be masked.
    """

    reason: RefusalReason
    detail: str
    first_received_at: datetime
    received_at: datetime
    gateway_id: str
    boot_id: str | None
    sequence: int | None
    payload: bytes
    size: int
    digest: str
    times: int = 1


def dead_letter(
    reason: RefusalReason,
    payload: bytes,
    *,
    detail: str,
    at: datetime,
    gateway_id: str,
    uplink_id: tuple[str, int] | None = None,
    keep_payload: bool = True,
) -> DeadLetter:
    """Return a letter for what has just been refused; ``uplink_id`` is boot and sequence."""
    boot_id, sequence = uplink_id or (None, None)
    return DeadLetter(
        reason=reason,
        detail=_storable(detail[:_MOST_DETAIL]),
        first_received_at=at,
        received_at=at,
        gateway_id=gateway_id,
        boot_id=boot_id,
        sequence=sequence,
        payload=payload[:MOST_PAYLOAD_BYTES] if keep_payload else b"",
        size=len(payload),
        digest=hashlib.sha256(payload).hexdigest(),
    )


def _storable(detail: str) -> str:
    """Return the text without what no store takes as text: NUL and half a surrogate pair."""
    return detail.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def as_one_of_a_flood(letter: DeadLetter, *, sender_id: str) -> DeadLetter:
    """Return the letter so that all of that sender and reason count as one, the first of them.

    A flood must not push everybody else's letters out.
    """
    return replace(letter, digest=hashlib.sha256(sender_id.encode()).hexdigest())


def read_dead_letters(path: Path, *, reason: str | None = None, limit: int) -> list[DeadLetter]:
    """Return the newest letters of the journal at ``path``, newest first; may run beside ingest.

    ``reason`` is a code of :class:`RefusalReason`. A journal that is not there yet has none.
    """
    connection = open_when_written(path)
    if connection is None:
        return []
    with closing(connection):
        rows = connection.execute(
            "SELECT first_at_us, last_at_us, times, reason, detail, gateway_id, boot_id, sequence,"
            " size, digest, payload FROM dead_letters"
            " WHERE ? IS NULL OR reason = ? ORDER BY last_at_us DESC, number DESC LIMIT ?",
            (reason, reason, limit),
        ).fetchall()
    return [letter_of(row) for row in rows]


def count_dead_letters(path: Path) -> dict[RefusalReason, int]:
    """Return how many letters there are by reason, repeats included."""
    connection = open_when_written(path)
    if connection is None:
        return {}
    with closing(connection):
        rows = connection.execute(
            "SELECT reason, sum(times) FROM dead_letters GROUP BY reason ORDER BY reason"
        ).fetchall()
    return {RefusalReason(reason): times for reason, times in rows}


def letter_values(letter: DeadLetter) -> tuple[Any, ...]:
    """Return a letter as a row of ``dead_letters``, without its number."""
    return (
        to_us(letter.first_received_at),
        to_us(letter.received_at),
        letter.times,
        letter.reason,
        letter.detail,
        letter.gateway_id,
        letter.boot_id,
        letter.sequence,
        letter.size,
        letter.digest,
        letter.payload,
    )


def letter_of(values: Sequence[Any]) -> DeadLetter:
    """Return the letter of a row that :func:`letter_values` made."""
    first_us, last_us, times, reason, detail, gateway_id, boot_id, *rest = values
    sequence, size, digest, payload = rest
    return DeadLetter(
        reason=RefusalReason(reason),
        detail=detail,
        first_received_at=from_us(first_us),
        received_at=from_us(last_us),
        gateway_id=gateway_id,
        boot_id=boot_id,
        sequence=sequence,
        payload=bytes(payload),
        size=size,
        digest=digest,
        times=times,
    )
