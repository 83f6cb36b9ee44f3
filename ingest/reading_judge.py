"""Judges plain fill readings as ``ingest.judge`` does, without making a domain record of each.

Nearly all that comes are readings of known sensors by their own gateways, so this is asked for
every record and must be quick: a run of them is judged in one loop. What it does not decide is for
the careful way: the same rules, over a record. ``tests/unit/ingest/test_reading_judge.py`` holds
the two against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from enum import Enum, auto
from typing import cast

from domain.registry import RegistrySnapshot
from ingest.device_watch import DeviceWatch, RateLimits, is_accepted_level
from ingest.instants import EPOCH, MICROSECOND, to_us
from ingest.judge import EARLIEST_OBSERVATION, FUTURE_TOLERANCE, LATE_AFTER
from ingest.ports.journal import LATE, SETS_STATE, USED_ID, Known, Round, Uplink
from ingest.quality_counts import CountKind, QualityKey
from wire.checked_records import CheckedFill, CheckedRecord
from wire.errors import UnreadablePayloadError
from wire.records import RecordBody


class Verdict(Enum):
    """What became of a record."""

    ADMITTED = auto()
    RATE_EXCEEDED = auto()
    UNDECIDED = auto()
    """It is for the careful way; nothing has changed."""


@dataclass(slots=True)
class ArrivedRun:
    """Records of one uplink as they came, their sequences following one another from ``first`` on.

    ``used_ids``: some of their ids were known before.
    """

    uplink: Uplink
    first: int
    encoded: list[bytes]
    used_ids: bool = False


class ReadingJudge:
    """Judges readings into ``round_``; what is known moves on with it."""

    def __init__(
        self, *, round_: Round, known: Known, registry: RegistrySnapshot, limits: RateLimits
    ) -> None:
        self._round = round_
        self._known = known
        self._registry = registry
        self._limits = limits
        now = round_.received_at
        self._now_us = to_us(now)
        self._late_before = now - LATE_AFTER
        self._latest = now + FUTURE_TOLERANCE

    def judge(
        self, run: ArrivedRun, bodies: Sequence[RecordBody | UnreadablePayloadError], place: int
    ) -> tuple[int, Verdict]:
        """Judge the records of a run from that place on, and add to the round what is admitted.

        Return the place of the first that is not admitted, and why; or the end of the run.
        """
        observed_us: list[int] = []
        marks = bytearray()
        rest = bodies[place:] if place else bodies
        verdict = self._judge_rest(rest, run, observed_us, marks)
        end = place + len(marks)
        if marks:
            self._round.admit_run(
                run.uplink.number,
                run.first + place,
                run.encoded[place:end],
                cast("Sequence[CheckedRecord]", bodies[place:end]),
                observed_us,
                marks,
            )
        return end, verdict

    def _judge_rest(
        self,
        bodies: Sequence[RecordBody | UnreadablePayloadError],
        run: ArrivedRun,
        observed_us: list[int],
        marks: bytearray,
    ) -> Verdict:
        """Judge until one is not admitted, and say why; of the others append time and marks."""
        gateway_id = run.uplink.gateway_id
        sensors = self._known.sensors(self._registry, gateway_id)
        now_us, late_before, latest = self._now_us, self._late_before, self._latest
        used = run.used_ids * USED_ID
        for body in bodies:
            if (
                type(body) is not CheckedRecord
                or type(body.values) is not CheckedFill
                or body.observed_at.tzinfo is not UTC
                or body.gateway_at.tzinfo is not UTC
                or not EARLIEST_OBSERVATION <= body.observed_at <= latest
            ):
                return Verdict.UNDECIDED
            device_id, observed_at = body.device_id, body.observed_at
            watch = sensors.get(device_id) or self._find(sensors, device_id, gateway_id)
            if watch is None:
                return Verdict.UNDECIDED
            late = observed_at < late_before
            if observed_at < watch.times.newest:
                late = late or observed_at < watch.times.newest - LATE_AFTER
            at_us = (observed_at - EPOCH) // MICROSECOND
            # Of timely ones the bucket is asked at once: there are so many.
            if not (watch.admits(at_us, now_us, late=True) if late else watch.live.take(now_us)):
                return Verdict.RATE_EXCEEDED
            if watch.goes_on(body.values, observed_at, body.gateway_at):
                sets_state = True
            else:
                sets_state = self._learn(watch, gateway_id, body, at_us)
            observed_us.append(at_us)
            marks.append(used | late * LATE | sets_state * SETS_STATE)
        return Verdict.ADMITTED

    def _learn(
        self, watch: DeviceWatch, gateway_id: str, body: CheckedRecord, observed_us: int
    ) -> bool:
        """Learn of a reading that is not as they usually are; tell whether it sets the state."""
        times, values, observed_at = watch.times, cast("CheckedFill", body.values), body.observed_at
        times.newest = max(times.newest, observed_at)
        sets_state = observed_at > times.fill
        if sets_state:
            times.fill = observed_at
            suspicion = watch.suspects(values)
            if suspicion is not None:
                key = QualityKey(gateway_id, body.device_id, CountKind.SUSPICIOUS, suspicion)
                self._round.counts[key] += 1
        offset = body.gateway_at - observed_at
        usable = is_accepted_level(values)
        note = watch.learn(body.device_id, observed_us, offset, usable=usable)
        if note is not None:
            self._round.hours.append(note)
        return sets_state

    def _find(
        self, sensors: dict[str, DeviceWatch], device_id: str, gateway_id: str
    ) -> DeviceWatch | None:
        sensor = self._registry.sensors.get(device_id)
        if sensor is None or sensor.gateway_id != gateway_id:
            return None
        device_id = sensor.device_id  # the registry's own text, not another one of each record
        watch = self._known.watch(device_id, self._limits)
        watch.heed(sensor)
        sensors[device_id] = watch
        return watch
