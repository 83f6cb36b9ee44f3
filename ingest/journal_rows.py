"""What every journal does alike, whatever stores it: twins and conflicts. Pure."""

from collections.abc import Iterable, Sequence

from ingest.dead_letters import DeadLetter, dead_letter
from ingest.judge import same_content
from ingest.ports.journal import SETS_STATE, JournalRow, Round, kind_of
from ingest.reasons import RefusalReason
from wire.records import decode_record

MOST_DEAD_LETTERS = 20_000
"""Beyond this the oldest letters go: garbage must not fill the disk that good records need."""


def rows_left_out(
    rows: Sequence[JournalRow], stored: Iterable[tuple[int, int]]
) -> list[JournalRow]:
    """Return the rows that an insert has not stored; ``stored`` are uplink and sequence."""
    waiting = set(stored)
    left_out = []
    for row in rows:
        if row[:2] in waiting:
            waiting.remove(row[:2])  # a twin later in this round has collided with this one
        else:
            left_out.append(row)
    return left_out


def says_other(row: JournalRow, stored: Iterable[bytes]) -> bool:
    """Tell whether a stored record of the row's identity says something else than the row."""
    return any(
        record != row.record and not same_content(decode_record(record), decode_record(row.record))
        for record in stored
    )


def conflict_letter(row: JournalRow, round_: Round) -> DeadLetter:
    """Return the letter of a row that is in conflict with what the journal has."""
    uplink = round_.uplinks[row.uplink]
    return dead_letter(
        RefusalReason.CONFLICT,
        row.record,
        detail=f"the journal has another record of {row.device_id} under this identity",
        at=round_.received_at,
        gateway_id=uplink.gateway_id,
        uplink_id=(uplink.boot_id, row.sequence),
    )


def newest_states(round_: Round) -> dict[tuple[str, str], int]:
    """Return when the round's records that set a state were observed, by device and kind."""
    return {
        (record.device_id, str(kind_of(record))): observed_us
        for record, observed_us, marks in zip(
            round_.records, round_.observed_us, round_.marks, strict=True
        )
        if marks & SETS_STATE
    }
