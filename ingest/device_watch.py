"""What ingest remembers of one device between its records: rate, clock, hours heard, last levels.

Kept in memory only and asked for every record, so it must be quick. After a restart it begins
anew, which forgives a little and refuses nothing more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from domain.device_health import interval_s
from domain.devices import Device
from domain.records import CameraHealth, FillReading, MeasurementQuality, Record, SnapshotVerdicts
from ingest.instants import EPOCH
from ingest.judge import LATE_AFTER, NEVER, DeviceTimes
from ingest.reasons import Suspicion
from ingest.token_bucket import TokenBucket
from wire.records import FillBody

HOUR_US = 3_600_000_000

SPIKE_HEIGHT = 0.5
"""A level that leaves by so much in one reading ..."""

SPIKE_RETURN = 0.1
"""... and is back so near in the next one was no waste: a hand, an open lid, an echo."""

LOWEST_BATTERY_V, HIGHEST_BATTERY_V = 1.0, 30.0
"""No radio works on less, and no battery of a sensor gives more."""

_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_NOTHING = timedelta(0)
_ACCEPTED = MeasurementQuality.ACCEPTED  # looked up once: see ``ingest.reading_judge``


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """How many records a device may send, against the rate it is registered with.

    A timely record is limited by when it arrives. A late one comes from a backlog, which may
    arrive all at once: it is limited by how densely the device observed, whatever the order, and
    in all to what a device observes in ``longest_backlog`` at its registered rate, which comes
    back with time as fast as any other record is let in.

    ``times_registered_rate``: this often the registered rate passes for ever. ``burst``: so many
    records more pass at once.
    """

    times_registered_rate: float = 12.0
    burst: int = 200
    longest_backlog: timedelta = timedelta(days=90)


DEFAULT_RATE_LIMITS = RateLimits()


class HourNote(NamedTuple):
    """What one device told in one hour of observation, or in part of it.

    ``usable``: an accepted level, or a picture of a camera in order. ``least_offset_us``: by how
    much the gateway's clock was ahead of the device's time, at least.
    """

    hour: int
    device_id: str
    usable: bool
    least_offset_us: int


class _Hour(NamedTuple):
    """An hour of observation, by number since 1970."""

    number: int
    begins: datetime
    ends: datetime


_NO_HOUR = _Hour(-1, NEVER, NEVER)


@lru_cache(maxsize=4_096)
def _hour_of(number: int) -> _Hour:
    """Return that hour; one answer for all devices that were heard in it."""
    begins = EPOCH + number * _HOUR
    return _Hour(number, begins, begins + _HOUR)


class DeviceWatch:
    """The memory of one device. Used by one thread.

    ``times`` are those of its newest records; ``live`` limits its timely ones.
    """

    __slots__ = (
        "_backlog",
        "_before",
        "_between",
        "_density",
        "_device",
        "_hour",
        "_least",
        "_limits",
        "_usable",
        "live",
        "times",
    )

    def __init__(
        self, limits: RateLimits = DEFAULT_RATE_LIMITS, times: DeviceTimes | None = None
    ) -> None:
        self.times = times or DeviceTimes()
        self._limits = limits
        self._device: Device | None = None
        self.live, self._density, self._backlog = TokenBucket(), TokenBucket(), TokenBucket()
        self._hour = _NO_HOUR
        self._least = timedelta.max
        self._usable = False
        self._before: float | None = None
        self._between: float | None = None

    def heed(self, device: Device) -> None:
        """Take over what the registry says of the device now."""
        if device is self._device:
            return
        self._device = device
        cost_us, burst_us, backlog_us = _bucket_sizes(self._limits, interval_s(device) * 1_000_000)
        for bucket, capacity_us in (
            (self.live, burst_us),
            (self._density, burst_us),
            (self._backlog, backlog_us),
        ):
            bucket.cost_us, bucket.capacity_us = cost_us, capacity_us

    def admits(self, observed_us: int, received_us: int, *, late: bool) -> bool:
        """Tell whether the device heeded may send this record too, and count it if so."""
        if not late:
            return self.live.take(received_us)
        return self._density.take(observed_us) and self._backlog.take(received_us)

    def note(self, record: Record, observed_us: int) -> HourNote | None:
        """Learn of a record; return what has to be kept of it, None where that is known already.

        A least offset is told again only when it has fallen by a second: that is exact enough for
        a clock, and most records then cost nothing.
        """
        offset = record.gateway_at - record.observed_at
        return self.learn(record.device_id, observed_us, offset, usable=is_usable(record))

    def learn(
        self, device_id: str, observed_us: int, offset: timedelta, *, usable: bool
    ) -> HourNote | None:
        """Learn what :meth:`note` learns, from one who has no :class:`Record`."""
        hour = observed_us // HOUR_US
        known_hour = hour == self._hour.number
        if known_hour and offset >= self._least and (self._usable or not usable):
            return None
        if not known_hour:
            self._hour, self._usable = _hour_of(hour), False
        self._least = offset - _SECOND
        self._usable = self._usable or usable
        return HourNote(hour, device_id, self._usable, offset // _MICROSECOND)

    def goes_on(self, reading: FillBody, observed_at: datetime, gateway_at: datetime) -> bool:
        """Tell whether an admitted reading is one more as they usually are, and remember it then.

        Such a reading is newer than all before it, and neither :meth:`learn` nor :meth:`suspects`
        has to tell anything of it. Of any other nothing is remembered yet.
        """
        times, least, battery_v = self.times, self._least, reading.battery_v
        _, begins, ends = self._hour
        if (
            observed_at <= times.newest
            or not begins <= observed_at < ends
            or not self._usable
            # An offset is made only where its sign is not enough.
            or ((gateway_at < observed_at or least > _NOTHING) and gateway_at - observed_at < least)
            or (battery_v is not None and not LOWEST_BATTERY_V <= battery_v <= HIGHEST_BATTERY_V)
        ):
            return False
        level, between = reading.filling_level, self._between
        if level is not None and reading.measurement_quality is _ACCEPTED:
            if between is not None and not -SPIKE_HEIGHT < level - between < SPIKE_HEIGHT:
                before = self._before
                if before is not None and is_spike(before, between, level):
                    return False
            self._before, self._between = between, level
        times.newest = times.fill = observed_at
        return True

    def suspects(self, reading: FillReading | FillBody) -> Suspicion | None:
        """Return what is hard to believe of the newest reading, after those before it."""
        battery_v = reading.battery_v
        if battery_v is not None and not LOWEST_BATTERY_V <= battery_v <= HIGHEST_BATTERY_V:
            return Suspicion.BATTERY_OUT_OF_RANGE
        level = reading.filling_level
        if level is None or reading.measurement_quality is not _ACCEPTED:
            return None
        before, between = self._before, self._between
        self._before, self._between = between, level
        if between is None or before is None:
            return None
        return Suspicion.LEVEL_SPIKE if is_spike(before, between, level) else None


@lru_cache(maxsize=1_000)
def _bucket_sizes(limits: RateLimits, interval_us: int) -> tuple[int, int, int]:
    """Return what a record costs, the burst and the backlog; one answer for devices alike."""
    cost_us = max(1, int(interval_us / limits.times_registered_rate))
    # Timely records lie up to LATE_AFTER behind the clock and as much before it: those of
    # a short outage arrive together.
    burst_us = limits.burst * cost_us + 2 * (LATE_AFTER // _MICROSECOND)
    records = (limits.longest_backlog // _MICROSECOND) // interval_us
    return cost_us, burst_us, (records + limits.burst) * cost_us


def is_usable(record: Record) -> bool:
    """Tell whether the record says something of its place: what coverage counts."""
    values = record.values
    if isinstance(values, FillReading):
        return is_accepted_level(values)
    return isinstance(values, SnapshotVerdicts) and values.camera_health is CameraHealth.OK


def is_accepted_level(reading: FillReading | FillBody) -> bool:
    """Tell whether the reading has a level that can be believed."""
    return reading.filling_level is not None and reading.measurement_quality is _ACCEPTED


def is_spike(before: float, between: float, after: float) -> bool:
    """Tell whether the middle one of three levels in a row stands out as no waste can."""
    return (
        abs(between - before) >= SPIKE_HEIGHT
        and abs(after - between) >= SPIKE_HEIGHT
        and abs(after - before) <= SPIKE_RETURN
    )
