"""From batches as they came to a round ready for the journal: decode, judge, collect."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.records import FillReading, Record
from domain.registry import RegistrySnapshot
from ingest.dead_letters import DeadLetter, as_one_of_a_flood, dead_letter
from ingest.device_watch import DEFAULT_RATE_LIMITS, HOUR_US, HourNote, RateLimits
from ingest.instants import to_us
from ingest.judge import judge
from ingest.ports.journal import LATE, SETS_STATE, USED_ID, Known, Round, Uplink
from ingest.quality_counts import CountKind, QualityKey
from ingest.reading_judge import ADMITTED, ReadingJudge, Verdict
from ingest.reasons import RefusalReason
from wire.batches import decode_batch
from wire.checked_records import decode_checked
from wire.errors import UnreadablePayloadError
from wire.records import RecordBody, record_of

_WRONG_CLOCK = frozenset({RefusalReason.OBSERVED_BEFORE_2020, RefusalReason.OBSERVED_IN_FUTURE})
_MICROSECOND = timedelta(microseconds=1)

MOST_GAPS = 1_000
"""A gateway that leaves more gaps than this waits until it has filled some (it sends again)."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Records of one uplink that wait for their judgement; ``used_ids``: some ids were known."""

    uplink: Uplink
    items: Sequence[tuple[int, bytes]]
    used_ids: bool = False


class RoundBuilder:
    """Collects one round: batches first, then :meth:`judge_records`, once.

    ``known`` moves on with it, so a round that is not committed spoils it.

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
        limits: RateLimits = DEFAULT_RATE_LIMITS,
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
        self._limits = limits
        self._readings = ReadingJudge(
            round_=self.round, known=known, registry=registry, limits=limits
        )
        self._waiting: list[_Waiting] = []

    def add_batch(self, gateway_id: str, payload: bytes) -> None:
        """Add what came on the topic of ``gateway_id``."""
        try:
            batch = decode_batch(payload)
        except UnreadablePayloadError as error:
            self._refuse_batch(RefusalReason.UNREADABLE_BATCH, payload, str(error), gateway_id)
            return
        if batch.gateway_id != gateway_id:
            detail = f"a batch of {batch.gateway_id}"
            self._refuse_batch(RefusalReason.ID_MISMATCH, payload, detail, gateway_id)
            return
        uplink = self._known.uplink(gateway_id, batch.boot_id)
        progress = uplink.progress
        lost = progress.forget_below(batch.oldest)
        if lost:
            self.round.counts[QualityKey(gateway_id, "", CountKind.LOST, "")] += lost
        if progress.gaps >= MOST_GAPS and batch.items[0][0] > progress.through + 1:
            self.postponed += 1
            return
        self.round.uplinks[uplink.number] = uplink
        first, last = batch.items[0][0], batch.items[-1][0]
        if first > progress.through and last - first == len(batch.items) - 1:
            self._note_gaps(gateway_id, opened=progress.note_run(first, last))
            self._waiting.append(_Waiting(uplink, batch.items))
            return
        new: list[tuple[int, bytes]] = []
        for sequence, encoded in batch.items:
            if progress.knows(sequence) and self._find(uplink.number, sequence) == encoded:
                self.resent += 1
                continue
            # What the progress knows and the journal does not is judged again: it was refused,
            # or it is another record under a used id, which the journal will call a conflict.
            self._note_gaps(gateway_id, opened=progress.note(sequence))
            new.append((sequence, encoded))
        self._waiting.append(_Waiting(uplink, new, used_ids=True))

    def judge_records(self) -> None:
        """Judge the records of the batches, in the order they came."""
        waiting, self._waiting = self._waiting, []
        bodies = iter(decode_checked([encoded for one in waiting for _, encoded in one.items]))
        for one in waiting:
            self._judge_items(one, bodies)

    def _judge_items(
        self, waiting: "_Waiting", bodies: Iterator[RecordBody | UnreadablePayloadError]
    ) -> None:
        judge_reading, uplink, used_ids = self._readings.judge, waiting.uplink, waiting.used_ids
        for (sequence, encoded), body in zip(waiting.items, bodies, strict=False):
            try:
                if isinstance(body, UnreadablePayloadError):
                    raise body
                verdict = judge_reading(body, uplink, sequence, encoded, used_id=used_ids)
                if verdict is ADMITTED:
                    self.newest_gateway_at = body.gateway_at
                elif verdict is Verdict.UNDECIDED:
                    record = record_of(body)
                    self._judge_record(uplink, sequence, encoded, record, used_id=used_ids)
                else:
                    reason = RefusalReason.RATE_EXCEEDED
                    self._refuse_judged(reason, record_of(body), encoded, uplink, sequence)
            except UnreadablePayloadError as error:
                reason = RefusalReason.UNREADABLE_RECORD
                self.refuse(self._record_letter(reason, encoded, str(error), uplink, sequence))

    def _note_gaps(self, gateway_id: str, *, opened: bool) -> None:
        if opened:
            self.round.counts[QualityKey(gateway_id, "", CountKind.GAP, "")] += 1

    def _judge_record(
        self, uplink: Uplink, sequence: int, encoded: bytes, record: Record, *, used_id: bool
    ) -> None:
        device_id = record.device_id
        device = self._registry.device(device_id)
        judged = judge(
            record,
            gateway_id=uplink.gateway_id,
            device=device,
            newest=self._known.newest,
            now=self._now,
        )
        if device is None or isinstance(judged, RefusalReason):
            reason = judged if isinstance(judged, RefusalReason) else RefusalReason.UNKNOWN_DEVICE
            self._refuse_judged(reason, record, encoded, uplink, sequence)
            return
        kind, observed_us, late = record.kind, to_us(record.observed_at), judged.late
        watch = self._known.watch(device_id, self._limits)
        if not watch.admits(device, observed_us, self._now_us, late=late):
            self._refuse_judged(RefusalReason.RATE_EXCEEDED, record, encoded, uplink, sequence)
            return
        self._known.newest.note(device_id, kind, record.observed_at)
        hour_note = watch.note(record, observed_us)
        if hour_note is not None:
            self.round.hours.append(hour_note)
        values = record.values
        if judged.sets_state and isinstance(values, FillReading):
            suspicion = watch.suspects(values)
            if suspicion is not None:
                key = QualityKey(uplink.gateway_id, device_id, CountKind.SUSPICIOUS, suspicion)
                self.round.counts[key] += 1
        self.newest_gateway_at = record.gateway_at
        marks = late * LATE | judged.sets_state * SETS_STATE | used_id * USED_ID
        self.round.admit(uplink.number, sequence, encoded, record, observed_us, marks)

    def _refuse_judged(
        self,
        reason: RefusalReason,
        record: Record,
        encoded: bytes,
        uplink: Uplink,
        sequence: int,
    ) -> None:
        """Refuse a readable record; one of a registered device also counts against that device."""
        device_id = record.device_id
        known = self._registry.device(device_id) is not None
        letter = self._record_letter(reason, encoded, device_id, uplink, sequence)
        if reason is RefusalReason.RATE_EXCEEDED:
            letter = as_one_of_a_flood(letter, sender_id=device_id)
        elif known and reason in _WRONG_CLOCK:
            offset_us = (record.gateway_at - record.observed_at) // _MICROSECOND
            hour = self._now_us // HOUR_US
            self.round.hours.append(
                HourNote(hour, device_id, usable=False, least_offset_us=offset_us)
            )
        self.refuse(letter, device_id if known else "")

    def _record_letter(
        self, reason: RefusalReason, encoded: bytes, detail: str, uplink: Uplink, sequence: int
    ) -> DeadLetter:
        return dead_letter(
            reason,
            encoded,
            detail=detail,
            at=self._now,
            gateway_id=uplink.gateway_id,
            uplink_id=(uplink.boot_id, sequence),
        )

    def _refuse_batch(
        self, reason: RefusalReason, payload: bytes, detail: str, gateway_id: str
    ) -> None:
        self.refuse(
            dead_letter(reason, payload, detail=detail, at=self._now, gateway_id=gateway_id)
        )

    def refuse(self, letter: DeadLetter, device_id: str = "") -> None:
        """Keep a letter; it counts against a device of the registry, or the gateway alone."""
        key = QualityKey(letter.gateway_id, device_id, CountKind.REFUSED, letter.reason)
        self.round.counts[key] += 1
        self.round.letters.append(letter)
