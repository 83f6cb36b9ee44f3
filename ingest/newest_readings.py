"""Which readings are certainly new: those that are newer than any their device ever had here."""

import sqlite3
from dataclasses import dataclass

import numpy as np

from domain.records import RecordKind
from ingest.reading_columns import ReadingColumns
from ingest.rollups import Column, begins_of_runs

_NEVER = np.iinfo(np.int64).min
_LATEST = "SELECT device, observed_us FROM latest WHERE kind = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is known of readings that came together, all columns by their order of arrival.

    ``by_device`` are their places by device, and of a device by time; ``certain`` is true for the
    certainly new; ``newest`` is the place of the newest of each device.
    """

    by_device: Column
    certain: Column
    newest: Column


class NewestReadings:
    """The time of each device's newest reading in the series, 8 bytes a device.

    It is what ``latest`` says, in memory. After a transaction that failed it may say more: then
    less is certain, and no worse.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute(_LATEST, (RecordKind.FILL.value,)).fetchall()
        self._times = np.full(1 + max((device for device, _ in rows), default=0), _NEVER)
        for device, observed_us in rows:
            self._times[device] = observed_us

    def hear(self, readings: ReadingColumns) -> Heard:
        """Say what is known of these readings, at least one, and know them from now on.

        Of a device whose readings do not come in the order of their times, each once, nothing is
        certain this time.
        """
        order = np.lexsort((readings.observed_us, readings.devices))
        times, devices = readings.observed_us[order], readings.devices[order]
        self._make_room(int(devices[-1]))
        begins = begins_of_runs(devices)
        later = begins_of_runs(times) | begins
        in_turn = np.ones(len(order), dtype=bool)
        np.greater(order[1:], order[:-1], out=in_turn[1:])
        starts = begins.nonzero()[0]
        rising = np.logical_and.reduceat(later & in_turn | begins, starts)
        certain = np.empty(len(order), dtype=bool)
        certain[order] = rising[begins.cumsum() - 1] & (times > self._times[devices])
        # As everywhere, the first of an identity stays.
        newest = np.maximum.reduceat(np.where(later, np.arange(len(order)), 0), starts)
        heard = devices[newest]
        self._times[heard] = np.maximum(self._times[heard], times[newest])
        return Heard(by_device=order, certain=certain, newest=order[newest])

    def _make_room(self, device: int) -> None:
        lacking = device + 1 - len(self._times)
        if lacking > 0:
            self._times = np.append(self._times, np.full(lacking + len(self._times), _NEVER))
