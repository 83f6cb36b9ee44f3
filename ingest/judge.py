"""What becomes of a record: accepted (late or not), or refused with a reason. Pure.

Duplicates and conflicts are not decided here but by the journal's unique indexes, since two
records of one identity may come in one batch as well as in two years.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.devices import Camera, Device, FillSensor
from domain.records import Emptied, Record, RecordKind
from ingest.reasons import RefusalReason

LATE_AFTER = timedelta(minutes=10)
"""How far a record may lie behind its device's newest one, or the clock, and still alert."""

FUTURE_TOLERANCE = timedelta(minutes=10)
"""How far a device's clock may be ahead of ours."""

EARLIEST_OBSERVATION = datetime(2020, 1, 1, tzinfo=UTC)
"""An older time is the power-on default of a clock, not a time."""

_KINDS_OF: Mapping[type[Device], frozenset[RecordKind]] = {
    FillSensor: frozenset({RecordKind.FILL, RecordKind.EMPTIED}),
    Camera: frozenset({RecordKind.VERDICTS}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an accepted record stands to time; see :class:`domain.records.JournalEntry`."""

    late: bool
    sets_state: bool


_STANDINGS = {
    (late, sets_state): Standing(late=late, sets_state=sets_state)
    for late in (False, True)
    for sets_state in (False, True)
}


NEVER = datetime(1, 1, 2, tzinfo=UTC)
"""Stands for the newest time of what has not been heard: before any that is accepted."""


class DeviceTimes:
    """The time of the newest accepted record of one device, of any kind and of each."""

    __slots__ = ("_others", "fill", "newest")

    def __init__(self) -> None:
        self.newest = NEVER
        self.fill = NEVER
        self._others: dict[RecordKind, datetime] | None = None  # most sensors tell levels only

    def note(self, kind: RecordKind, observed_at: datetime) -> None:
        """Learn of an accepted record; older ones than known change nothing."""
        self.newest = max(self.newest, observed_at)
        if kind is RecordKind.FILL:
            self.fill = max(self.fill, observed_at)
        else:
            self._others = self._others or {}
            self._others[kind] = max(self.of_kind(kind), observed_at)

    def of_kind(self, kind: RecordKind) -> datetime:
        """Return the newest time of that kind, :data:`NEVER` before its first record."""
        if kind is RecordKind.FILL:
            return self.fill
        return NEVER if self._others is None else self._others.get(kind, NEVER)


StoredTime = tuple[str, RecordKind, datetime]
"""A device, a kind, and when its newest record of that kind was observed."""

FindTimes = Callable[[Collection[str]], Iterable[StoredTime]]
"""Returns what a store has of these devices."""


def _nothing_stored(_device_ids: Collection[str]) -> Iterable[StoredTime]:
    return ()


class NewestTimes:
    """The times of devices, by id; ``find`` is asked for those of a device when it is first heard.

    Raises what ``find`` raises.
    """

    def __init__(self, find: FindTimes = _nothing_stored) -> None:
        self._find = find
        self._devices: dict[str, DeviceTimes] = {}
        self._others_due: Callable[[], Iterable[str]] = tuple

    def __len__(self) -> int:
        """Return of how many devices something is held."""
        return len(self._devices)

    def ask_together(self, device_ids: Callable[[], Iterable[str]]) -> None:
        """Tell which devices are due now: the first of them that is not held brings them all."""
        self._others_due = device_ids

    def times(self, device_id: str) -> DeviceTimes:
        """Return what is known of that device, to be looked at and changed."""
        times = self._devices.get(device_id)
        if times is None:
            self._hold({device_id, *self._others_due()} - self._devices.keys())
            times = self._devices[device_id]
        return times

    def note(self, device_id: str, kind: RecordKind, observed_at: datetime) -> None:
        """Learn of an accepted record; older ones than known change nothing."""
        self.times(device_id).note(kind, observed_at)

    def of_device(self, device_id: str) -> datetime | None:
        """Return the newest time of any kind, None before the first record."""
        newest = self.times(device_id).newest
        return None if newest is NEVER else newest

    def of_kind(self, device_id: str, kind: RecordKind) -> datetime | None:
        """Return the newest time of that kind, None before its first record."""
        newest = self.times(device_id).of_kind(kind)
        return None if newest is NEVER else newest

    def _hold(self, device_ids: Collection[str]) -> None:
        found = {device_id: DeviceTimes() for device_id in device_ids}
        for device_id, kind, observed_at in self._find(device_ids):
            found[device_id].note(kind, observed_at)
        self._devices.update(found)


def judge(
    record: Record,
    *,
    gateway_id: str,
    device: Device | None,
    newest: NewestTimes,
    now: datetime,
) -> Standing | RefusalReason:
    """Judge a record that ``gateway_id`` sent, at the business time ``now``.

    ``device`` is the registry's entry for ``record.device_id``. An accepted record sets its
    device's state when no newer one of its kind is known, however late it is.
    """
    if device is None:
        return RefusalReason.UNKNOWN_DEVICE
    if device.gateway_id != gateway_id:
        return RefusalReason.FOREIGN_GATEWAY
    kind = record.kind
    if kind not in _KINDS_OF[type(device)]:
        return RefusalReason.WRONG_KIND
    values = record.values
    if isinstance(values, Emptied) and values.level_after >= values.level_before:
        return RefusalReason.IMPLAUSIBLE_EMPTYING
    observed_at = record.observed_at
    impossible = impossible_time(observed_at, now=now)
    if impossible is not None:
        return impossible
    newest_at = newest.of_device(record.device_id)
    late = observed_at < now - LATE_AFTER or (
        newest_at is not None and observed_at < newest_at - LATE_AFTER
    )
    newest_of_kind = newest.of_kind(record.device_id, kind)
    return _STANDINGS[late, newest_of_kind is None or observed_at > newest_of_kind]


def impossible_time(observed_at: datetime, *, now: datetime) -> RefusalReason | None:
    """Return why nothing can have been observed at that time, or None."""
    if observed_at < EARLIEST_OBSERVATION:
        return RefusalReason.OBSERVED_BEFORE_2020
    if observed_at > now + FUTURE_TOLERANCE:
        return RefusalReason.OBSERVED_IN_FUTURE
    return None


def same_content(one: Record, other: Record) -> bool:
    """Tell whether two records say the same of the same; when a gateway saw them is no content."""
    return (
        one.device_id == other.device_id
        and one.observed_at == other.observed_at
        and one.values == other.values
    )
