import random
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.day_columns import runs_of, seal_sensors
from ingest.kept_readings import PACKED, KeptReading, pack_kept, unpack_kept
from ingest.sealed_days import UnreadableChunkError, unseal_day

any_double = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.builds(
    lambda n, scale: n / scale, st.integers(-99_999, 99_999), st.sampled_from([1, 10, 100])
)
numbers = st.none() | decimals | any_double
flags = st.sampled_from([None, 0, 1])
readings = st.builds(
    KeptReading,
    observed_us=st.integers(0, 2**52),
    quality=st.integers(0, 2),
    filling_level=numbers,
    distance_mm=numbers,
    temperature_c=numbers,
    battery_v=numbers,
    battery_ratio=numbers,
    cover_open=flags,
    out_of_position=flags,
    rssi_dbm=numbers,
)


def seal_days(*days: list[KeptReading]) -> list[bytes]:
    """Seal the days of several sensors together."""
    rows = [row for day in days for row in day]
    packed = np.frombuffer(b"".join(map(pack_kept, rows)), PACKED)
    times = np.array([row.observed_us for row in rows])
    runs = runs_of(np.array([len(day) for day in days]))
    return seal_sensors(times, packed["codes"], packed["numbers"], runs)


def seal_day(rows: list[KeptReading]) -> bytes:
    (chunk,) = seal_days(rows)
    return chunk


def bits(rows: list[KeptReading]) -> list[list[object]]:
    """The rows with their numbers as bytes: 0.0 is not -0.0 here."""
    return [
        [struct.pack("<d", value) if isinstance(value, float) else value for value in row]
        for row in rows
    ]


def typical_day(
    count: int = 288, *, depth: float = 1000.0, jitter: int = 2_000_000
) -> list[KeptReading]:
    dice = random.Random(7)
    rows = []
    for n in range(count):
        distance = float(1300 - (n * 3) % 1100)
        rows.append(
            KeptReading(
                observed_us=1_772_490_600_000_000 + n * 300_000_000 + dice.randrange(jitter),
                quality=0,
                filling_level=max(0.0, (1300.0 - distance) / depth),
                distance_mm=distance,
                temperature_c=round(20 + dice.gauss(0, 3), 1),
                battery_v=3.6,
                battery_ratio=None,
                cover_open=0,
                out_of_position=None,
                rssi_dbm=float(dice.randrange(-110, -80)),
            )
        )
    return rows


@settings(max_examples=60, deadline=None)
@given(days=st.lists(st.lists(readings, min_size=1, max_size=12), min_size=1, max_size=4))
def test_unsealing_gives_back_every_bit(days: list[list[KeptReading]]) -> None:
    chunks = seal_days(*days)
    assert [bits(unseal_day(chunk)) for chunk in chunks] == [bits(day) for day in days]


@given(reading=readings)
def test_a_packed_row_keeps_every_bit(reading: KeptReading) -> None:
    assert bits([unpack_kept(reading.observed_us, pack_kept(reading))]) == bits([reading])


def test_sensors_sealed_together_are_sealed_as_each_alone() -> None:
    days = [typical_day(), typical_day(1), typical_day(7, depth=333.0), typical_day(40, jitter=1)]
    assert seal_days(*days) == [seal_day(day) for day in days]


@settings(max_examples=100, deadline=None)
@given(
    distances=st.lists(st.integers(0, 2500), min_size=1, max_size=60),
    rim_mm=st.integers(0, 800),
    depth_mm=st.integers(200, 3000),
)
def test_levels_by_the_gateways_rule_come_back_exactly(
    distances: list[int], rim_mm: int, depth_mm: int
) -> None:
    rows = [
        typical_day(1)[0]._replace(
            distance_mm=float(distance),
            filling_level=max(0.0, (rim_mm + depth_mm - float(distance)) / depth_mm),
        )
        for distance in distances
    ]
    assert bits(unseal_day(seal_day(rows))) == bits(rows)


def test_a_typical_day_takes_a_few_bytes_a_reading() -> None:
    rows = typical_day()
    assert unseal_day(seal_day(rows)) == rows
    assert len(seal_day(rows)) / len(rows) < 8


def test_levels_that_follow_no_rule_still_fit() -> None:
    dice = random.Random(3)
    rows = [row._replace(filling_level=dice.random()) for row in typical_day()]
    assert unseal_day(seal_day(rows)) == rows
    assert len(seal_day(rows)) / len(rows) < 16


@pytest.mark.parametrize("spoil", [lambda c: c[:20], lambda c: b"\x09" + c[1:], lambda c: c[:3]])
def test_a_damaged_day_says_so(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(UnreadableChunkError):
        unseal_day(spoil(seal_day(typical_day(10))))
