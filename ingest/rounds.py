"""One round: what waits is judged, committed in one transaction, and then acknowledged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from domain.ports.clock import Clock
from domain.ports.registry import Registry
from domain.registry import RegistrySnapshot
from ingest.acknowledgements import acknowledgements
from ingest.device_watch import DEFAULT_RATE_LIMITS, RateLimits
from ingest.fresh_records import FreshRecords
from ingest.inbox import Arrival
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.ports.journal import Committed, Journal, Known, Round, Uplink
from ingest.round_builder import RoundBuilder
from ingest.stretch import Stretch
from wire.acks import Ack

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Pictures:
    """What became of the round's pictures, by gateway."""

    stored: int = 0
    acked: dict[str, list[str]] = field(default_factory=dict)


class Rounds:
    """Runs rounds one after the other; used by one thread.

    After an error nothing of the round is committed or acknowledged, so the gateways send it
    again; what is known is read anew from the journal before the next round. ``pictures_failing``
    is true while the picture store takes nothing. ``fresh`` get what each round has committed.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        pictures: PictureIntake,
        registry: Registry,
        clock: Clock,
        metrics: IngestMetrics,
        limits: RateLimits = DEFAULT_RATE_LIMITS,
        fresh: Sequence[FreshRecords] = (),
    ) -> None:
        self._journal = journal
        self._fresh = fresh
        self._limits = limits
        self._pictures = pictures
        self._registry = registry
        self._clock = clock
        self._metrics = metrics
        self._known: Known | None = None
        self.pictures_failing = False

    def run(
        self, batches: Sequence[Arrival], pictures: Sequence[Arrival] = ()
    ) -> list[tuple[str, Ack]]:
        """Commit what arrived and return the acks, by gateway, that may be sent now.

        Raises what the journal raises when it cannot take the round. A picture that its store
        cannot take is left out, unacknowledged.
        """
        known, self._known = self._known or self._journal.load(), None
        registry = self._registry.current()
        builder = RoundBuilder(
            known=known,
            find=self._journal.find,
            registry=registry,
            now=self._clock.now(),
            limits=self._limits,
        )
        known.newest.ask_together(partial(_devices_at, builder.round.uplinks, registry))
        for gateway_id, payloads in _by_gateway(batches).items():
            for payload in payloads:
                builder.add_batch(gateway_id, payload)
        builder.judge_records()
        took = self._take_pictures(pictures, builder, registry)
        committed = self._journal.commit(builder.round)
        self._known = known
        size = sum(len(arrival.payload) for arrival in batches)
        if committed.span is not None:
            self._hand_on(builder.round.without(committed.left_out), committed.span, size)
        self._count(builder, committed, len(batches))
        self._metrics.pictures.inc(took.stored)
        return acknowledgements(builder.round.uplinks.values(), took.acked)

    def _hand_on(self, round_: Round, span: tuple[int, int], size: int) -> None:
        behind, through = span
        stretch = Stretch(through=through, records=round_.records, observed_us=round_.observed_us)
        for fresh in self._fresh:
            fresh.put(stretch, behind=behind, size=size)

    def _take_pictures(
        self, pictures: Sequence[Arrival], builder: RoundBuilder, registry: RegistrySnapshot
    ) -> _Pictures:
        took = _Pictures()
        for arrival in pictures:
            try:
                outcome = self._pictures.admit(
                    arrival.gateway_id,
                    arrival.payload,
                    registry=registry,
                    now=builder.round.received_at,
                )
            except OSError as error:  # a full picture disk must not hold up the records
                self._metrics.unstored_pictures.inc()
                if not self.pictures_failing:
                    _log.error("pictures_cannot_be_stored", error=str(error))
                self.pictures_failing = True
                continue
            if outcome.row is not None:
                builder.round.pictures.append(outcome.row)
                took.stored += 1
                self.pictures_failing = False
            if outcome.letter is not None:
                builder.refuse(outcome.letter, outcome.device_id)
            if outcome.sha256 is not None:
                took.acked.setdefault(arrival.gateway_id, []).append(outcome.sha256)
        return took

    def _count(self, builder: RoundBuilder, committed: Committed, batches: int) -> None:
        metrics = self._metrics
        metrics.rounds.inc()
        metrics.batches.inc(batches)
        metrics.postponed.inc(builder.postponed)
        metrics.records.labels("accepted").inc(committed.accepted - committed.late)
        metrics.records.labels("late").inc(committed.late)
        metrics.records.labels("duplicate").inc(committed.duplicates + builder.resent)
        for letter in builder.round.letters:
            metrics.refused.labels(letter.reason).inc()
        metrics.refused.labels("conflict").inc(committed.conflicts)
        for key, times in builder.round.counts.items():
            metrics.count_quality(key, times)
        metrics.letters_trimmed.inc(committed.letters_trimmed)
        if builder.newest_gateway_at is not None:
            lag = builder.round.received_at - builder.newest_gateway_at
            metrics.lag.set(lag.total_seconds())


def _by_gateway(batches: Iterable[Arrival]) -> Mapping[str, Sequence[bytes]]:
    """Return the payloads of each gateway in their order: together they make longer runs.

    Between gateways no order means anything; the broker and the inbox promise none.
    """
    payloads: dict[str, list[bytes]] = {}
    for gateway_id, payload in batches:
        payloads.setdefault(gateway_id, []).append(payload)
    return payloads


def _devices_at(uplinks: Mapping[int, Uplink], registry: RegistrySnapshot) -> Iterable[str]:
    """Return the sensors of the gateways that were heard in a round."""
    gateways = {uplink.gateway_id for uplink in uplinks.values()}
    sensors = registry.sensors.values()
    return [sensor.device_id for sensor in sensors if sensor.gateway_id in gateways]
