"""How every device is, as points, told once in ten minutes of business time.

A state depends on the present (silence is a state), so it cannot be told later: while the server is
away there are no such points. What a device sent is in the other feeds, which lose nothing.

``device_health`` is a series a device, to look back; ``device_now`` all devices of a subdistrict in
one series, for tables of a whole fleet; ``silence`` those alone that are silent; ``fleet`` a
subdistrict's devices added up.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from domain.device_health import DeviceState, device_state
from domain.devices import Device
from domain.places import Place
from domain.ports.clock import Clock
from domain.ports.history import History
from domain.ports.registry import Registry
from domain.records import CameraHealth, FillReading, Record, RecordKind, SnapshotVerdicts
from ingest.influx.lines import line
from ingest.influx.source import Lines, Page
from ingest.instants import to_us

EVERY_S = 600

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Fields = dict[str, float | str | None]

_SPOKEN = (RecordKind.FILL, RecordKind.VERDICTS)


class HealthLines:
    """Fulfils ``ingest.influx.source.LineSource``; a position is a number of ten minutes."""

    def __init__(self, *, history: History, registry: Registry, clock: Clock) -> None:
        self._history = history
        self._registry = registry
        self._clock = clock

    def read(self, *, after: int, limit: int) -> Page | None:  # noqa: ARG002  it is one moment
        """Return the states at the newest full ten minutes; None when they were told."""
        newest = self.newest_position()
        if newest <= after:
            return None
        at = _EPOCH + timedelta(seconds=newest * EVERY_S)
        registry = self._registry.current()
        latest = self._latest()
        at_ns = to_us(at) * 1000
        lines: list[bytes] = []
        fleets: dict[str, list[Fields]] = defaultdict(list)
        devices: list[Device] = [*registry.sensors.values(), *registry.cameras.values()]
        for number, device in enumerate(devices):
            place = registry.places[device.place_id]
            fields = _fields(device, latest.get(device.device_id), at)
            fleets[place.subdistrict_id].append(fields)
            lines += _lines(device, place, fields, at_ns, number)
        lines += [
            line("fleet", {"subdistrict_id": subdistrict_id}, _added_up(fleet), at_ns)
            for subdistrict_id, fleet in fleets.items()
        ]
        return Page(entries=1, through=newest, told=Lines.of(lines))

    def newest_position(self) -> int:
        """Return the number of the newest full ten minutes."""
        return to_us(self._clock.now()) // (EVERY_S * 1_000_000)

    def _latest(self) -> Mapping[str, Record]:
        return {
            device_id: record
            for kind in _SPOKEN
            for device_id, record in self._history.latest(kind).items()
        }


def _lines(
    device: Device, place: Place, fields: Fields, at_ns: int, number: int
) -> Iterator[bytes]:
    area = {"subdistrict_id": place.subdistrict_id}
    ids: Mapping[str, str] = {"device_id": device.device_id, "place_id": device.place_id}
    yield line("device_health", {**ids, **area}, fields, at_ns)
    names = {"place": place.name.zh, "place_en": place.name.en or place.name.zh}
    # A nanosecond for each keeps the devices of one series apart.
    yield line("device_now", area, {**ids, **names, **fields}, at_ns + number)
    if fields["state"] == DeviceState.SILENT:
        yield line("silence", {**ids, **area}, {"silent_s": fields["silent_s"]}, at_ns)


def _fields(device: Device, spoken: Record | None, at: datetime) -> Fields:
    state = device_state(device, spoken, at)
    fields: Fields = {"ok": float(state is DeviceState.OK), "state": state}
    if spoken is None:
        return fields
    # The moment told is a full ten minutes; what was heard since then is no silence.
    fields["silent_s"] = max(0.0, (at - spoken.observed_at).total_seconds())
    match spoken.values:
        case FillReading() as reading:
            fields |= {"battery_ratio": reading.battery_ratio, "rssi_dbm": reading.rssi_dbm}
        case SnapshotVerdicts() as seen:
            fields["camera_health"] = seen.camera_health
        case _:
            pass
    return fields


def _added_up(fleet: Sequence[Fields]) -> Fields:
    """Return what curves of a whole subdistrict need: one point instead of one a device."""
    states = Counter(fields["state"] for fields in fleet)
    counts: Fields = {str(state): float(states[state]) for state in DeviceState}
    seen = Counter(str(fields["camera_health"]) for fields in fleet if "camera_health" in fields)
    counts |= {f"cameras_{health}": float(seen[health]) for health in CameraHealth}
    unheard = states[DeviceState.SILENT] + states[DeviceState.UNKNOWN]
    return counts | {
        "devices": float(len(fleet)),
        "heard": float(len(fleet) - unheard),
        "battery_lowest": _lowest(fleet, "battery_ratio"),
        "rssi_lowest": _lowest(fleet, "rssi_dbm"),
    }


def _lowest(fleet: Sequence[Fields], name: str) -> float | None:
    told = [value for fields in fleet if isinstance(value := fields.get(name), float | int)]
    return min(told, default=None)
