"""From a device's message to the records it makes: pure, but for what it remembers of levels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.places import WasteContainer
from domain.records import Record
from domain.registry import RegistrySnapshot
from gateway.emptying import EmptyingRule, LevelState, decode_state, encode_state, watch_level
from gateway.errors import RefusalReason, RefusedMessageError
from gateway.filling import FillingLimits, to_reading
from gateway.sources import SourceReader
from wire.errors import UnreadablePayloadError

MAX_CLOCK_LEAD = timedelta(minutes=10)
"""How far a device's clock may be ahead of the gateway's."""

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""Before this no device of ours was built: its clock was never set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenMessage:
    """The records of one message, and the note to keep with them (a device's new level state)."""

    records: tuple[Record, ...]
    notes: Mapping[str, bytes]


class MessageIntake:
    """Reads messages of one gateway's devices, in order. One caller at a time."""

    def __init__(
        self,
        *,
        gateway_id: str,
        emptying: EmptyingRule,
        limits: FillingLimits,
        notes: Mapping[str, bytes],
    ) -> None:
        self._gateway_id = gateway_id
        self._emptying = emptying
        self._limits = limits
        self._states: dict[str, LevelState] = {}
        self.recall(notes)

    def recall(self, notes: Mapping[str, bytes]) -> None:
        """Go back to what was kept: what came after it has not been accepted."""
        states = {device_id: decode_state(note) for device_id, note in notes.items()}
        self._states = {key: state for key, state in states.items() if state is not None}

    def take(
        self,
        read: SourceReader,
        *,
        topic: str,
        payload: bytes,
        registry: RegistrySnapshot,
        gateway_at: datetime,
    ) -> TakenMessage:
        """Return the records of a message; raise :class:`RefusedMessageError` with the reason."""
        try:
            sensor, measurement = read(topic, payload, registry)
        except UnreadablePayloadError as error:
            reason = _REFUSED_AS.get(error.reason, RefusalReason.MALFORMED)
            raise RefusedMessageError(reason, error.detail) from error
        if sensor.gateway_id != self._gateway_id:
            detail = f"{sensor.device_id} belongs to {sensor.gateway_id}"
            raise RefusedMessageError(RefusalReason.FOREIGN_DEVICE, detail)
        _check_time(measurement.observed_at, gateway_at)
        container: WasteContainer = registry.containers[sensor.container_id]
        record = Record(
            device_id=sensor.device_id,
            observed_at=measurement.observed_at,
            gateway_at=gateway_at,
            values=to_reading(measurement, sensor=sensor, container=container, limits=self._limits),
        )
        return self._with_emptying(record)

    def _with_emptying(self, record: Record) -> TakenMessage:
        before = self._states.get(record.device_id)
        state, emptied = watch_level(before, record, self._emptying)
        if state is None or state is before:
            return TakenMessage(records=(record,), notes={})
        self._states[record.device_id] = state
        records: Sequence[Record] = (record,) if emptied is None else (emptied, record)
        return TakenMessage(records=tuple(records), notes={record.device_id: encode_state(state)})


def _check_time(observed_at: datetime, gateway_at: datetime) -> None:
    if observed_at < EARLIEST:
        raise RefusedMessageError(RefusalReason.OBSERVED_BEFORE_2020, observed_at.isoformat())
    if observed_at - gateway_at > MAX_CLOCK_LEAD:
        raise RefusedMessageError(RefusalReason.OBSERVED_IN_FUTURE, observed_at.isoformat())


_REFUSED_AS = {reason.value: reason for reason in RefusalReason}
