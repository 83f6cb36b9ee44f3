"""Judges plain fill readings as ``ingest.judge`` does, without making a domain record of each.

Nearly all that comes are readings of known sensors by their own gateways, so this is asked for
every record and must be quick. What it does not decide is for the careful way: the same rules,
over a record. ``tests/unit/ingest/test_reading_judge.py`` holds the two against each other.
"""

from datetime import UTC
from enum import Enum, auto

from domain.devices import FillSensor
from domain.registry import RegistrySnapshot
from ingest.device_watch import HOUR_US, RateLimits, Sender, is_accepted_level
from ingest.instants import EPOCH, MICROSECOND
from ingest.judge import EARLIEST_OBSERVATION, FUTURE_TOLERANCE, LATE_AFTER
from ingest.ports.journal import LATE, SETS_STATE, USED_ID, Known, Round, Uplink
from ingest.quality_counts import CountKind, QualityKey
from wire.checked_records import CheckedFill, CheckedRecord
from wire.records import RecordBody


class Verdict(Enum):
    """What became of a record."""

    ADMITTED = auto()
    RATE_EXCEEDED = auto()
    UNDECIDED = auto()
    """It is for the careful way; nothing has changed."""


ADMITTED = Verdict.ADMITTED
"""Asking the class for a member costs 40 ns more than a name, and it is asked twice a record."""


class ReadingJudge:
    """Judges readings into ``round_``; what is known moves on with it."""

    def __init__(
        self, *, round_: Round, known: Known, registry: RegistrySnapshot, limits: RateLimits
    ) -> None:
        self._round = round_
        self._known = known
        self._registry = registry
        self._limits = limits
        self._senders = known.senders(registry)
        now = round_.received_at
        self._now_us = (now - EPOCH) // MICROSECOND
        self._late_before = now - LATE_AFTER
        self._latest = now + FUTURE_TOLERANCE

    def judge(
        self, body: RecordBody, uplink: Uplink, sequence: int, encoded: bytes, *, used_id: bool
    ) -> Verdict:
        """Judge a record, and add it to the round if it is admitted."""
        values, observed_at, device_id = body.values, body.observed_at, body.device_id
        if (
            type(values) is not CheckedFill
            or type(body) is not CheckedRecord
            or observed_at.tzinfo is not UTC
            or body.gateway_at.tzinfo is not UTC
            or not EARLIEST_OBSERVATION <= observed_at <= self._latest
        ):
            return Verdict.UNDECIDED
        sender = self._senders.get(device_id) or self._find_sender(device_id)
        if sender is None or sender[0] != uplink.gateway_id:
            return Verdict.UNDECIDED
        gateway_id, sensor, watch = sender
        times = watch.times
        late = observed_at < self._late_before
        if observed_at < times.newest:
            late = late or observed_at < times.newest - LATE_AFTER
        observed_us = (observed_at - EPOCH) // MICROSECOND
        if not watch.admits(sensor, observed_us, self._now_us, late=late):
            return Verdict.RATE_EXCEEDED
        if observed_at > times.newest:  # noqa: PLR1730  max() takes twice as long, once a record
            times.newest = observed_at
        round_ = self._round
        sets_state = observed_at > times.fill
        if sets_state:
            times.fill = observed_at
            suspicion = watch.suspects(values)
            if suspicion is not None:
                key = QualityKey(gateway_id, device_id, CountKind.SUSPICIOUS, suspicion)
                round_.counts[key] += 1
        hour, offset = observed_us // HOUR_US, body.gateway_at - observed_at
        if watch.is_news(hour, offset):
            note = watch.learn(device_id, hour, offset, usable=is_accepted_level(values))
            if note is not None:
                round_.hours.append(note)
        marks = late * LATE | sets_state * SETS_STATE | used_id * USED_ID
        round_.admit(uplink.number, sequence, encoded, body, observed_us, marks)
        return ADMITTED

    def _find_sender(self, device_id: str) -> Sender | None:
        device = self._registry.device(device_id)
        if not isinstance(device, FillSensor):
            return None
        device_id = device.device_id  # the registry's own text, not another one of each record
        sender = Sender(device.gateway_id, device, self._known.watch(device_id, self._limits))
        self._senders[device_id] = sender
        return sender
