"""From batches as they came to a round ready for the journal: decode, judge, collect."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from domain.records import FillReading, Record
from domain.registry import RegistrySnapshot
from ingest.dead_letters import DeadLetter, as_one_of_a_flood, dead_letter
from ingest.device_watch import DEFAULT_RATE_LIMITS, HOUR_US, HourNote, RateLimits
from ingest.instants import to_us
from ingest.judge import judge
from ingest.ports.journal import LATE, SETS_STATE, USED_ID, Known, Round, Uplink
from ingest.quality_counts import CountKind, QualityKey
from ingest.reading_judge import ArrivedRun, ReadingJudge, Verdict
from ingest.reasons import RefusalReason
from wire.batches import take_apart
from wire.checked_records import decode_lines
from wire.errors import UnreadablePayloadError
from wire.records import RecordBody, record_of

_WRONG_CLOCK = frozenset({RefusalReason.OBSERVED_BEFORE_2020, RefusalReason.OBSERVED_IN_FUTURE})
_MICROSECOND = timedelta(microseconds=1)

_ENOUGH_TOGETHER = 250
"""So many records are decoded in one call and are still in the processor's cache when judged."""

MOST_GAPS = 1_000
"""A gateway that leaves more gaps than this waits until it has filled some (it sends again)."""


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
        self._waiting: list[ArrivedRun] = []

    def add_batch(self, gateway_id: str, payload: bytes) -> None:
        """Add what came on the topic of ``gateway_id``."""
        try:
            batch = take_apart(payload)
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
        if progress.gaps >= MOST_GAPS and batch.runs[0].first > progress.through + 1:
            self.postponed += 1
            return
        self.round.uplinks[uplink.number] = uplink
        for first, records in batch.runs:
            if first > progress.through:
                last = first + len(records) - 1
                self._note_gaps(gateway_id, opened=progress.note_run(first, last))
                self._wait(uplink, first, records, used_ids=False)
            else:
                self._add_known(uplink, first, records)

    def _add_known(self, uplink: Uplink, first: int, records: Sequence[bytes]) -> None:
        """Add what came again of a run some ids of which are known, and what of it is new."""
        progress = uplink.progress
        for sequence, encoded in enumerate(records, first):
            if progress.knows(sequence) and self._find(uplink.number, sequence) == encoded:
                self.resent += 1
                continue
            # What the progress knows and the journal does not is judged again: it was refused,
            # or it is another record under a used id, which the journal will call a conflict.
            self._note_gaps(uplink.gateway_id, opened=progress.note(sequence))
            self._wait(uplink, sequence, [encoded], used_ids=True)

    def _wait(self, uplink: Uplink, first: int, records: list[bytes], *, used_ids: bool) -> None:
        """Let records wait, in one run with those before them where they follow those."""
        last = self._waiting[-1] if self._waiting else None
        if last is not None and (
            last.first + len(last.encoded) == first
            and last.uplink is uplink
            and last.used_ids is used_ids
            and len(last.encoded) < _ENOUGH_TOGETHER
        ):
            last.encoded += records
        else:
            self._waiting.append(ArrivedRun(uplink, first, records, used_ids=used_ids))

    def judge_records(self) -> None:
        """Judge the records of the batches, in the order they came."""
        waiting, self._waiting = self._waiting, []
        for run in waiting:
            bodies = decode_lines(run.encoded)
            place = 0
            while place < len(bodies):
                end, verdict = self._readings.judge(run, bodies, place)
                if end > place:
                    self.newest_gateway_at = self.round.records[-1].gateway_at
                if end < len(bodies):
                    self._judge_carefully(run, end, bodies[end], verdict)
                place = end + 1

    def _judge_carefully(
        self,
        run: ArrivedRun,
        place: int,
        body: RecordBody | UnreadablePayloadError,
        verdict: Verdict,
    ) -> None:
        """Decide on a record of a run that the quick way did not admit."""
        uplink, sequence, encoded = run.uplink, run.first + place, run.encoded[place]
        try:
            if isinstance(body, UnreadablePayloadError):
                raise body
            record = record_of(body)
            if verdict is Verdict.RATE_EXCEEDED:
                reason = RefusalReason.RATE_EXCEEDED
                self._refuse_judged(reason, record, encoded, uplink, sequence)
            else:
                self._judge_record(uplink, sequence, encoded, record, used_id=run.used_ids)
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
        watch.heed(device)
        if not watch.admits(observed_us, self._now_us, late=late):
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
