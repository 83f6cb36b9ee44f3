"""What every journal does alike, whatever stores it: twins and conflicts. Pure."""

from collections.abc import Iterable, Sequence
from itertools import compress

from domain.records import Record, RecordKind
from ingest.dead_letters import DeadLetter, dead_letter
from ingest.judge import same_content
from ingest.ports.journal import SETS_STATE, Round, kind_of
from ingest.reasons import RefusalReason
from wire.records import decode_record

MOST_DEAD_LETTERS = 20_000
"""Beyond this the oldest letters go: garbage must not fill the disk that good records need."""

_SETS_STATE = bytes(marks & SETS_STATE for marks in range(256))
_FILL = str(RecordKind.FILL)


def says_other(record: bytes, stored: Iterable[bytes]) -> bool:
    """Tell whether a stored record of the same id or identity says something else than a record."""
    return any(
        other != record and not same_content(decode_record(other), decode_record(record))
        for other in stored
    )


def conflict_letters(round_: Round, places: Sequence[int]) -> list[DeadLetter]:
    """Return the letters of records that are in conflict with what the journal has."""
    if not places:
        return []
    ids = list(round_.ids())
    return [_conflict_letter(round_, place, *ids[place]) for place in places]


def _conflict_letter(round_: Round, place: int, number: int, sequence: int) -> DeadLetter:
    uplink, device_id = round_.uplinks[number], round_.records[place].device_id
    return dead_letter(
        RefusalReason.CONFLICT,
        round_.encoded[place],
        detail=f"the journal has another record of {device_id} under this identity",
        at=round_.received_at,
        gateway_id=uplink.gateway_id,
        uplink_id=(uplink.boot_id, sequence),
    )


def newest_states(round_: Round) -> dict[tuple[str, str], int]:
    """Return when the round's records that set a state were observed, by device and kind."""
    states = compress(zip(round_.records, round_.observed_us, strict=True), _states(round_))
    if Record in set(map(type, round_.records)):
        return {(record.device_id, str(kind_of(record))): time_us for record, time_us in states}
    readings = {record.device_id: time_us for record, time_us in states}
    return {(device_id, _FILL): time_us for device_id, time_us in readings.items()}


def _states(round_: Round) -> bytearray:
    return round_.marks.translate(_SETS_STATE)
