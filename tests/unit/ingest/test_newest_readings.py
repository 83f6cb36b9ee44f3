"""What is certainly new, against a plain walk over the readings."""

import sqlite3
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.kept_readings import PACKED
from ingest.newest_readings import NewestReadings
from ingest.reading_columns import ReadingColumns

Reading = tuple[int, int]
"""Device and time."""

readings = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 20)), min_size=1, max_size=30)


def series_with(latest: dict[int, int]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE latest (kind TEXT, device INTEGER, observed_us INTEGER)")
    rows = [("fill", *row) for row in latest.items()]
    connection.executemany("INSERT INTO latest VALUES (?, ?, ?)", [*rows, ("emptied", 1, 99)])
    return connection


def columns(told: Sequence[Reading]) -> ReadingColumns:
    return ReadingColumns(
        observed_us=np.array([time for _, time in told]),
        devices=np.array([device for device, _ in told]),
        packed=np.zeros(len(told), PACKED),
    )


def certainly_new(told: Sequence[Reading], known: dict[int, int]) -> list[bool]:
    """Return what is newer than what is known, of devices whose times only rise."""
    times: dict[int, list[int]] = {}
    for device, time in told:
        times.setdefault(device, []).append(time)
    rising = {device for device, all_of_it in times.items() if all_of_it == sorted({*all_of_it})}
    return [device in rising and time > known.get(device, -1) for device, time in told]


@given(
    latest=st.dictionaries(st.integers(1, 4), st.integers(0, 15)),
    batches=st.lists(readings, min_size=1, max_size=3),
)
def test_what_is_certain_is_newer_than_all_its_device_ever_told(
    latest: dict[int, int], batches: list[list[Reading]]
) -> None:
    connection = series_with(latest)
    newest = NewestReadings(connection)
    connection.close()
    known = dict(latest)
    for told in batches:
        heard = newest.hear(columns(told))
        assert heard.certain.tolist() == certainly_new(told, known)
        assert [told[place] for place in heard.by_device.tolist()] == sorted(told)
        of_each = {device: max(time for one, time in told if one == device) for device, _ in told}
        firsts = {told.index(one) for one in of_each.items()}
        assert set(heard.newest.tolist()) == firsts
        for device, time in told:
            known[device] = max(known.get(device, -1), time)
