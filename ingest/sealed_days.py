"""A closed day of one fill sensor as one compact blob: its format, and reading it.

Column by column: times, codes and short decimals become steps between whole numbers; levels that
follow from the distances become two constants; other numbers stay 8 bytes. The bytes of a column
are laid out by their weight, and all of it is deflated. :mod:`ingest.day_columns` writes it.
"""

import struct
import sys
import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from ingest.kept_readings import KeptReading

FORMAT = 1
HEAD = struct.Struct("<BI")
WHOLE_HEAD = struct.Struct("<cqqQ")
LINE = struct.Struct("<dd")
SCALE = struct.Struct("<H")
SCALES = (1, 10, 100, 1_000, 10_000)
LARGEST_WHOLE = 2.0**53
_WIDTHS = {b"1": "B", b"2": "H", b"4": "I", b"8": "Q"}

NONE, DECIMALS, DOUBLES, LINEAR = b"-", b"w", b"d", b"l"
COMPLETE, WITH_GAPS = b"c", b"g"

Numbers = Sequence[float | None]


class UnreadableChunkError(Exception):
    """A sealed day that this program cannot read: of a later format, or damaged."""


def unseal_day(chunk: bytes) -> list[KeptReading]:
    """Return the readings of a sealed day, in the order they were sealed in.

    Raises :class:`UnreadableChunkError`.
    """
    try:
        version, count = HEAD.unpack_from(chunk)
        if version != FORMAT:
            msg = f"a sealed day of format {version}"
            raise UnreadableChunkError(msg)
        columns = _Columns(zlib.decompress(chunk[HEAD.size :]), count)
        times, qualities, distances = columns.whole(), columns.whole(), columns.numbers()
        levels = columns.numbers(distances)
        temperatures, volts, ratios = columns.numbers(), columns.numbers(), columns.numbers()
        covers, positions = columns.flags(), columns.flags()
        rows = zip(
            *(times, qualities, levels, distances, temperatures, volts, ratios),
            *(covers, positions, columns.numbers()),
            strict=True,
        )
        return [KeptReading(*row) for row in rows]
    except (struct.error, zlib.error, ValueError, KeyError) as error:
        msg = f"a damaged sealed day: {error}"
        raise UnreadableChunkError(msg) from error


def _levels_on(top: float, depth: float, distances: Sequence[float]) -> list[float]:
    return [max(0.0, (top - distance) / depth) for distance in distances]


def _little(values: "array[Any]") -> "array[Any]":
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _bytes_for(count: int) -> int:
    return (count + 7) // 8


class _Columns:
    """Reads what the functions above have written, column after column."""

    def __init__(self, raw: bytes, count: int) -> None:
        self._raw = raw
        self._count = count
        self._at = 0

    def whole(self, count: int | None = None) -> list[int]:
        count = self._count if count is None else count
        mark, first, least, unit = WHOLE_HEAD.unpack(self._take(WHOLE_HEAD.size))
        multiples = self._by_weight(_WIDTHS[mark], count - 1)
        return list(accumulate((least + unit * one for one in multiples), initial=first))

    def numbers(self, distances: Numbers = ()) -> list[float | None]:
        match self._take(1):
            case b"-":
                return [None] * self._count
            case b"c":
                return [*self._present(self._count)]
            case b"l":
                top, depth = LINE.unpack(self._take(LINE.size))
                return [*_levels_on(top, depth, [one for one in distances if one is not None])]
            case b"g":
                bits = int.from_bytes(self._take(_bytes_for(self._count)), "little")
                present = iter(self._present(bits.bit_count()))
                return [next(present) if bits >> n & 1 else None for n in range(self._count)]
            case other:
                raise KeyError(other)

    def flags(self) -> list[int | None]:
        return [None if value is None else int(value) for value in self.numbers()]

    def _present(self, count: int) -> list[float]:
        if self._take(1) == DOUBLES:
            return list(self._by_weight("d", count))
        (scale,) = SCALE.unpack(self._take(SCALE.size))
        return [one / scale for one in self.whole(count)]

    def _by_weight(self, typecode: str, count: int) -> "array[Any]":
        values = array(typecode)
        width = values.itemsize
        raw = bytearray(count * width)
        for place in range(width):
            raw[place::width] = self._take(count)
        values.frombytes(raw)
        return _little(values)

    def _take(self, size: int) -> bytes:
        taken = self._raw[self._at : self._at + size]
        if len(taken) < size:
            msg = "ends too early"
            raise ValueError(msg)
        self._at += size
        return taken
