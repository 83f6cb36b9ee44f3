"""From batches as they came to a round ready for the journal: decode, judge, collect."""

from collections.abc import Callable
from datetime import datetime

from domain.registry import RegistrySnapshot
from ingest.dead_letters import dead_letter
from ingest.instants import to_us
from ingest.judge import judge
from ingest.ports.journal import JournalRow, Known, Round, Uplink
from ingest.reasons import RefusalReason
from wire.batches import decode_batch
from wire.errors import UnreadablePayloadError
from wire.records import decode_record

MOST_GAPS = 1_000
"""A gateway that leaves more gaps than this waits until it has filled some (it sends again)."""


class RoundBuilder:
    """Collects one round. ``known`` moves on with it, so a round that is not committed spoils it.

    ``find`` is the journal's; ``resent`` counts records that were committed before and came again
    as they were, ``postponed`` batches that are neither stored nor acknowledged now.
    """

    def __init__(
        self,
        *,
        known: Known,
        find: Callable[[int, int], bytes | None],
        registry: RegistrySnapshot,
        now: datetime,
    ) -> None:
        self.round = Round(received_at=now)
        self.resent = 0
        self.postponed = 0
        self.newest_gateway_at: datetime | None = None
        self._known = known
        self._find = find
        self._registry = registry
        self._now = now
        self._now_us = to_us(now)

    def add_batch(self, gateway_id: str, payload: bytes) -> None:
        """Add what came on the topic of ``gateway_id``, record by record."""
        try:
            batch = decode_batch(payload)
        except UnreadablePayloadError as error:
            self._refuse(RefusalReason.UNREADABLE_BATCH, payload, str(error), gateway_id)
            return
        if batch.gateway_id != gateway_id:
            detail = f"a batch of {batch.gateway_id}"
            self._refuse(RefusalReason.ID_MISMATCH, payload, detail, gateway_id)
            return
        uplink = self._known.uplink(gateway_id, batch.boot_id)
        progress = uplink.progress
        progress.forget_below(batch.oldest)
        if progress.gaps >= MOST_GAPS and batch.items[0][0] > progress.through + 1:
            self.postponed += 1
            return
        self.round.uplinks[uplink.number] = uplink
        for sequence, encoded in batch.items:
            if progress.knows(sequence) and self._find(uplink.number, sequence) == encoded:
                self.resent += 1
                continue
            # What the progress knows and the journal does not is judged again: it was refused,
            # or it is another record under a used id, which the journal will call a conflict.
            progress.note(sequence)
            self._add_record(uplink, sequence, encoded)

    def _add_record(self, uplink: Uplink, sequence: int, encoded: bytes) -> None:
        try:
            record = decode_record(encoded)
        except UnreadablePayloadError as error:
            self._refuse_record(
                RefusalReason.UNREADABLE_RECORD, encoded, str(error), uplink, sequence
            )
            return
        device_id = record.device_id
        judged = judge(
            record,
            gateway_id=uplink.gateway_id,
            device=self._registry.device(device_id),
            newest=self._known.newest,
            now=self._now,
        )
        if isinstance(judged, RefusalReason):
            self._refuse_record(judged, encoded, device_id, uplink, sequence)
            return
        kind = record.kind
        self._known.newest.note(device_id, kind, record.observed_at)
        self.newest_gateway_at = record.gateway_at
        self.round.rows.append(
            JournalRow(
                uplink.number,
                sequence,
                device_id,
                to_us(record.observed_at),
                kind,
                self._now_us,
                judged.late,
                judged.sets_state,
                encoded,
            )
        )

    def _refuse(self, reason: RefusalReason, payload: bytes, detail: str, gateway_id: str) -> None:
        self.round.letters.append(
            dead_letter(reason, payload, detail=detail, at=self._now, gateway_id=gateway_id)
        )

    def _refuse_record(
        self, reason: RefusalReason, encoded: bytes, detail: str, uplink: Uplink, sequence: int
    ) -> None:
        self.round.letters.append(
            dead_letter(
                reason,
                encoded,
                detail=detail,
                at=self._now,
                gateway_id=uplink.gateway_id,
                uplink_id=(uplink.boot_id, sequence),
            )
        )
