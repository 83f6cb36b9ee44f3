"""Refused messages, the newest kept in the gateway's file for an engineer to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.errors import RefusalReason
from gateway.spool_file import SpoolFile
from storage.sqlite import open_reader

MOST_KEPT = 1_000
HEAD_BYTES = 512
TOPIC_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A message that was not taken, and why; ``payload_head`` is its first 512 bytes."""

    refused_at: datetime
    source: str
    reason: RefusalReason
    detail: str
    topic: str
    payload_bytes: int
    payload_head: bytes


class RefusalLog:
    """Keeps the newest 1,000 refusals."""

    def __init__(self, file: SpoolFile) -> None:
        self._file = file

    def keep(self, refusals: Sequence[Refusal]) -> None:
        """Keep refusals in one transaction; the oldest beyond the limit go."""
        rows = [
            (
                refusal.refused_at.isoformat(),
                refusal.source,
                refusal.reason.value,
                refusal.detail[:TOPIC_CHARACTERS],
                refusal.topic[:TOPIC_CHARACTERS],
                refusal.payload_bytes,
                refusal.payload_head[:HEAD_BYTES],
            )
            for refusal in refusals
        ]
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT INTO refused (refused_at, source, reason, detail, topic, payload_bytes,"
                " payload_head) VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
            connection.execute(
                "DELETE FROM refused WHERE number <= (SELECT max(number) FROM refused) - ?",
                (MOST_KEPT,),
            )


def read_refusals(
    path: Path, *, reason: RefusalReason | None = None, limit: int = 50
) -> Sequence[Refusal]:
    """Return the newest refusals of a gateway's file, newest first; any process may ask."""
    connection = open_reader(path)
    try:
        rows = connection.execute(
            "SELECT refused_at, source, reason, detail, topic, payload_bytes, payload_head"
            " FROM refused WHERE ? IS NULL OR reason = ? ORDER BY number DESC LIMIT ?",
            (reason, reason, limit),
        ).fetchall()
    finally:
        connection.close()
    return [
        Refusal(
            refused_at=datetime.fromisoformat(row[0]),
            source=row[1],
            reason=RefusalReason(row[2]),
            detail=row[3],
            topic=row[4],
            payload_bytes=row[5],
            payload_head=row[6],
        )
        for row in rows
    ]
