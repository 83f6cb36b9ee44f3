"""Devices with their health. A device of which nothing trustworthy is known never looks fine."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from api.console.palette import URGENCY, Mark
from api.console.situation import Situation
from api.console.view_models.cases import place_name, unix_ms
from api.console.words import Words
from domain.device_health import DeviceState, device_state
from domain.device_quality import DataQuality, DeviceQuality
from domain.devices import Camera, Device
from domain.records import FillReading, MeasurementQuality, Record, SnapshotVerdicts

_DATA_MARKS = {
    DataQuality.GOOD: Mark.CLEAN,
    DataQuality.FLAWED: Mark.WARNING,
    DataQuality.UNKNOWN: Mark.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One device in the table. ``seen_ms`` is when it was last heard (Unix ms), None for never;
    the browser counts on from it. ``data`` is how much of the last day it has covered, ``flaws``
    what was wrong with its records.
    """

    key: str
    is_camera: bool
    kind: str
    place: str
    href: str
    mark: Mark
    health: str
    seen: str = field(compare=False)
    seen_ms: int | None
    battery: str
    signal: str
    reading: str
    data_mark: Mark
    data: str
    flaws: tuple[str, ...]


def device_row(device: Device, *, situation: Situation, words: Words) -> DeviceRow:
    """Return a device's row."""
    newest = situation.newest_of(device.device_id)
    state = device_state(device, newest, situation.at, situation.health_limits)
    mark, health = _health(state, newest, words)
    values = newest.values if newest is not None else None
    fill = values if isinstance(values, FillReading) else None
    is_camera = isinstance(device, Camera)
    quality = situation.quality.get(device.device_id)
    kind = "camera" if is_camera else "fill_sensor"
    heard = state not in {DeviceState.SILENT, DeviceState.UNKNOWN}
    return DeviceRow(
        key=device.device_id,
        is_camera=is_camera,
        kind=words.catalogue.text(f"device_kind.{kind}", words.locale),
        place=place_name(device.place_id, situation.registry, words),
        href=f"/place/{device.place_id}",
        mark=mark,
        health=health,
        seen=_seen(newest, situation.at, words),
        seen_ms=None if newest is None else unix_ms(newest.observed_at),
        battery=words.say("device.mains") if is_camera else _battery(fill, words),
        signal=_signal(fill, words),
        reading=_reading(values, words) if heard else words.say("not_known"),
        data_mark=Mark.UNKNOWN if quality is None else _DATA_MARKS[quality.state],
        data=_coverage(quality, words),
        flaws=() if quality is None else _flaws(quality, words),
    )


def device_rows(
    devices: Iterable[Device], *, situation: Situation, words: Words
) -> tuple[DeviceRow, ...]:
    """Return rows, the worst first, then by place."""
    rows = (device_row(device, situation=situation, words=words) for device in devices)
    return tuple(sorted(rows, key=lambda row: (URGENCY.index(row.mark), row.place, row.key)))


def matching(rows: Iterable[DeviceRow], *, search: str, only: str) -> tuple[DeviceRow, ...]:
    """Return the rows that hold ``search`` and belong to ``only``.

    ``only`` is ``all``, ``attention`` (all but the clean without a flaw in their data),
    ``sensors`` or ``cameras``.
    """
    wanted = search.strip().casefold()
    return tuple(
        row
        for row in rows
        if wanted in f"{row.key} {row.place} {row.health}".casefold()
        and (only != "attention" or _needs_attention(row))
        and (only != "sensors" or not row.is_camera)
        and (only != "cameras" or row.is_camera)
    )


def _needs_attention(row: DeviceRow) -> bool:
    return row.mark is not Mark.CLEAN or row.data_mark is Mark.WARNING


def _health(state: DeviceState, newest: Record | None, words: Words) -> tuple[Mark, str]:
    values = newest.values if newest is not None else None
    match state, values:
        case DeviceState.CAMERA_UNUSABLE, SnapshotVerdicts(camera_health=health):
            return Mark.UNKNOWN, words.say("device.camera_unusable", health=words.word(health))
        case DeviceState.BATTERY_LOW, _:
            return Mark.WARNING, words.word(state)
        case DeviceState.OK, FillReading() as reading:
            return _sensor_health(reading, words)
        case DeviceState.OK, SnapshotVerdicts():
            return Mark.CLEAN, words.word(state)
        case DeviceState.UNKNOWN, _:
            return Mark.UNKNOWN, words.say("device.never_heard")
        case _:
            return Mark.UNKNOWN, words.word(state)


def _sensor_health(reading: FillReading, words: Words) -> tuple[Mark, str]:
    if reading.filling_level is None:
        return Mark.UNKNOWN, words.say("device.no_level")
    if reading.measurement_quality is not MeasurementQuality.ACCEPTED:
        quality = words.word(reading.measurement_quality)
        return Mark.UNKNOWN, words.say("device.quality", quality=quality)
    if reading.out_of_position:
        return Mark.WARNING, words.say("device.out_of_position")
    return Mark.CLEAN, words.word(DeviceState.OK)


def _seen(newest: Record | None, now: datetime, words: Words) -> str:
    if newest is None:
        return words.say("device.never")
    return words.say("ago", duration=words.duration(now - newest.observed_at))


def _battery(reading: FillReading | None, words: Words) -> str:
    if reading is None or (reading.battery_ratio is None and reading.battery_v is None):
        return words.say("not_known")
    if reading.battery_ratio is not None:
        return words.share(reading.battery_ratio)
    return f"{reading.battery_v:.2f} V"


def _signal(reading: FillReading | None, words: Words) -> str:
    if reading is None or reading.rssi_dbm is None:
        return words.say("not_known") if reading is not None else "—"
    return f"{reading.rssi_dbm:.0f} dBm"


def _coverage(quality: DeviceQuality | None, words: Words) -> str:
    if quality is None or not quality.coverage.due:
        return words.say("not_known")
    coverage = quality.coverage
    return words.say("device.coverage", observed=coverage.observed, due=coverage.due)


def _flaws(quality: DeviceQuality, words: Words) -> tuple[str, ...]:
    flaws = [
        words.say("device.refused", count=count, reason=words.refusal_reason(code))
        for code, count in sorted(quality.refused.items())
    ]
    flaws += [
        words.say("device.suspicious", count=count, reason=words.suspicion(code))
        for code, count in sorted(quality.suspicious.items())
    ]
    if quality.skewed and quality.clock_ahead is not None:
        duration = words.duration(abs(quality.clock_ahead))
        ahead = quality.clock_ahead > timedelta()
        key = "device.clock_ahead" if ahead else "device.clock_behind"
        flaws.append(words.say(key, duration=duration))
    if quality.late:
        flaws.append(words.say("device.late", count=quality.late))
    return tuple(flaws)


def _reading(values: object, words: Words) -> str:
    match values:
        case FillReading(filling_level=float() as level):
            return words.share(level)
        case SnapshotVerdicts() as snapshot:
            return words.word(snapshot.camera_health)
        case _:
            return words.say("not_known")
