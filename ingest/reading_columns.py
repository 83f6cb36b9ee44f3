"""Fill readings as columns: the form in which the series counts, keeps and seals them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.records import Record
from ingest.kept_readings import ACCEPTED, PACKED, QUALITY_BITS, pack_values
from ingest.many_rows import Row
from ingest.rollups import Column, Tallies
from wire.checked_records import CheckedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingColumns:
    """Of each reading the microseconds since 1970 UTC, its device's number, and its values packed.

    The values are of :data:`ingest.kept_readings.PACKED`.
    """

    observed_us: Column
    devices: Column
    packed: Column

    def __len__(self) -> int:
        """Return how many readings there are."""
        return len(self.observed_us)

    def at(self, places: Column | slice) -> "ReadingColumns":
        """Return the readings at these places, or where the mask is true."""
        return ReadingColumns(
            observed_us=self.observed_us[places],
            devices=self.devices[places],
            packed=self.packed[places],
        )

    def rows(self) -> list[Row]:
        """Return the readings as rows of ``fill``."""
        packed, size = self.packed.tobytes(), PACKED.itemsize
        return [
            (observed_us, device, packed[place * size : (place + 1) * size])
            for place, (observed_us, device) in enumerate(
                zip(self.observed_us.tolist(), self.devices.tolist(), strict=True)
            )
        ]

    def count_in(self, tallies: Tallies) -> None:
        """Let the tallies count these readings."""
        accepted = self.packed["codes"] >> QUALITY_BITS & 3 == ACCEPTED
        levels = np.where(accepted, self.packed["numbers"][:, 0], np.nan)
        tallies.readings(self.observed_us, self.devices, levels)


def columns_of_records(
    records: Sequence[Record | CheckedRecord], observed_us: Sequence[int], devices: Sequence[int]
) -> ReadingColumns:
    """Return fill readings as columns, given their times and the numbers of their devices."""
    packed = b"".join([pack_values(record.values) for record in records])  # type: ignore[arg-type]
    return ReadingColumns(
        observed_us=np.array(observed_us, dtype=np.int64),
        devices=np.array(devices, dtype=np.int64),
        packed=np.frombuffer(packed, PACKED),
    )


def columns_of_rows(rows: Sequence[Row]) -> ReadingColumns:
    """Return rows of ``fill`` as columns."""
    return ReadingColumns(
        observed_us=np.array([row[0] for row in rows], dtype=np.int64),
        devices=np.array([row[1] for row in rows], dtype=np.int64),
        packed=np.frombuffer(b"".join([row[2] for row in rows]), PACKED),
    )


def joined(parts: Sequence[ReadingColumns]) -> ReadingColumns:
    """Return the readings of all parts, one part behind the other; there must be one."""
    return ReadingColumns(
        observed_us=np.concatenate([part.observed_us for part in parts]),
        devices=np.concatenate([part.devices for part in parts]),
        packed=np.concatenate([part.packed for part in parts]),
    )
