"""The bookkeeping of quality in the journal as other processes read it: read-only."""

import json
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from domain.device_quality import (
    QUALITY_WINDOW,
    DeviceQuality,
    GatewayQuality,
    clock_ahead,
    covered_hours,
)
from domain.devices import Device
from ingest.device_watch import HOUR_US
from ingest.instants import to_us
from ingest.quality_counts import CountKind
from ingest.reading import open_when_written

_FIRST_WITH_QUALITY = 2
"""The schema of the journal that has the tables; an older one says nothing yet."""

_KEPT_FOR = timedelta(minutes=1)
_WINDOW_HOURS = QUALITY_WINDOW // timedelta(hours=1)
_COUNTS = (
    "SELECT gateway_id, device_id, kind, reason, sum(times) FROM quality_counts"
    " WHERE hour > ? AND hour <= ? GROUP BY gateway_id, device_id, kind, reason"
)
_HOURS = (
    "SELECT hour, device_id, usable, least_offset_us FROM device_hours"
    " WHERE hour >= ? AND hour <= ?"
)
_FIRST_HOUR = "SELECT min(hour) FROM device_hours"
_MISSING = "SELECT gateway_id, missing FROM uplinks"


@dataclass(slots=True)
class _Hours:
    usable: list[int] = field(default_factory=list)
    least_offsets: list[timedelta] = field(default_factory=list)


@dataclass(slots=True)
class _Book:
    """Everything of one look, by device and gateway; the look was taken in ``hour``."""

    hour: int
    first_hour: int | None = None
    answers: dict[str, tuple[Device, DeviceQuality]] = field(default_factory=dict)
    hours: defaultdict[str, _Hours] = field(default_factory=lambda: defaultdict(_Hours))
    refused: defaultdict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    suspicious: defaultdict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    late: dict[str, int] = field(default_factory=dict)
    gateway_counts: defaultdict[str, dict[CountKind, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    gateway_refused: defaultdict[str, dict[str, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    missing: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRows:
    """The bookkeeping of a journal from one hour to another, as its tables have it.

    ``hours`` are hour, device, usable and least offset in microseconds; ``counts`` gateway, device,
    kind, reason and times; ``missing`` gateways and their gaps as JSON.
    """

    first_hour: int | None
    hours: Iterable[tuple[int, str, bool, int]]
    counts: Iterable[tuple[str, str, str, str, int]]
    missing: Iterable[tuple[str, str]]


class QualityBook:
    """Fulfils ``domain.ports.device_quality.DeviceQualities`` over any journal's bookkeeping.

    ``read`` gives the rows from an hour to another (both included), None where nothing can be known
    yet. It is asked once a minute of the business clock, however often the book is. Any thread may
    call; they take turns.
    """

    def __init__(self, read: Callable[[int, int], QualityRows | None]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._book = _Book(hour=0)
        self._read_at: datetime | None = None

    def of_devices(
        self, devices: Iterable[Device], *, until: datetime
    ) -> Mapping[str, DeviceQuality]:
        """Return the quality of every device asked for, also of those never heard of.

        Coverage is that of whole hours, since the first hour that is known of.
        """
        book = self._look(until)
        return {device.device_id: _quality(device, book) for device in devices}

    def of_gateways(self, *, until: datetime) -> Mapping[str, GatewayQuality]:
        """Return the quality of every gateway that was heard of."""
        book = self._look(until)
        heard = {*book.missing, *book.gateway_counts, *book.gateway_refused}
        return {
            gateway_id: GatewayQuality(
                gaps=book.gateway_counts[gateway_id].get(CountKind.GAP, 0),
                missing=book.missing[gateway_id],
                lost=book.gateway_counts[gateway_id].get(CountKind.LOST, 0),
                refused=book.gateway_refused[gateway_id],
            )
            for gateway_id in sorted(heard)
        }

    def _look(self, until: datetime) -> _Book:
        with self._lock:
            if self._read_at is None or not timedelta() <= until - self._read_at < _KEPT_FOR:
                hour = to_us(until) // HOUR_US
                rows = self._read(hour - _WINDOW_HOURS, hour)
                self._book = _Book(hour=hour) if rows is None else _book_of(rows, hour)
                self._read_at = None if rows is None else until
            return self._book


class SqliteDeviceQualities(QualityBook):
    """The book over ingest's file. While that does not exist yet nothing is known."""

    def __init__(self, path: Path) -> None:
        super().__init__(self._rows)
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file; asking opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _rows(self, first: int, last: int) -> QualityRows | None:
        connection = self._open()
        if connection is None:
            return None
        (first_hour,) = connection.execute(_FIRST_HOUR).fetchone()
        return QualityRows(
            first_hour=first_hour,
            hours=connection.execute(_HOURS, (first, last)),
            counts=connection.execute(_COUNTS, (first, last)),
            missing=connection.execute(_MISSING),
        )

    def _open(self) -> sqlite3.Connection | None:
        if self._connection is None:
            connection = open_when_written(self._path)
            if connection is None:
                return None
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version < _FIRST_WITH_QUALITY:
                connection.close()
                return None
            self._connection = connection
        return self._connection


def _quality(device: Device, book: _Book) -> DeviceQuality:
    device_id = device.device_id
    known = book.answers.get(device_id)
    if known is not None and known[0] is device:
        return known[1]
    hours = book.hours.get(device_id) or _Hours()
    first = book.hour if book.first_hour is None else book.first_hour
    since = max(first, book.hour - _WINDOW_HOURS)
    quality = DeviceQuality(
        coverage=covered_hours(device, hours.usable, since=since, until=book.hour),
        refused=book.refused.get(device_id, {}),
        suspicious=book.suspicious.get(device_id, {}),
        late=book.late.get(device_id, 0),
        clock_ahead=clock_ahead(hours.least_offsets),
    )
    book.answers[device_id] = (device, quality)
    return quality


def _book_of(rows: QualityRows, hour: int) -> _Book:
    book = _Book(hour=hour, first_hour=rows.first_hour)
    for at, device_id, usable, least_offset_us in rows.hours:
        hours = book.hours[device_id]
        hours.least_offsets.append(timedelta(microseconds=least_offset_us))
        if usable:
            hours.usable.append(at)
    for row in rows.counts:
        _count(book, *row)
    for gateway_id, missing in rows.missing:
        book.missing[gateway_id] += sum(last - begin + 1 for begin, last in json.loads(missing))
    return book


def _count(
    book: _Book, gateway_id: str, device_id: str, kind: str, reason: str, times: int
) -> None:
    match CountKind(kind):
        case CountKind.REFUSED:
            whose = book.refused[device_id] if device_id else book.gateway_refused[gateway_id]
            whose[reason] = whose.get(reason, 0) + times
        case CountKind.SUSPICIOUS:
            of_device = book.suspicious[device_id]
            of_device[reason] = of_device.get(reason, 0) + times
        case CountKind.LATE:
            book.late[device_id] = book.late.get(device_id, 0) + times
        case CountKind.GAP | CountKind.LOST as own:
            book.gateway_counts[gateway_id][own] = times
