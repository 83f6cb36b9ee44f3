import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huanwei.business_clock import (
    SHANGHAI,
    Anchor,
    AnchoredClock,
    UnreadableAnchorError,
    demo_start,
    read_anchor,
    write_anchor,
)


def anchored(folder: Path, *, hours_back: float, speed: float) -> AnchoredClock:
    path = folder / "clock.json"
    wall_s = time.time()
    write_anchor(path, Anchor(wall_s=wall_s, virtual_s=wall_s - hours_back * 3600, speed=speed))
    return AnchoredClock(path)


@given(st.floats(0, 1e6), st.floats(0, 600), st.lists(st.floats(0, 1e5), min_size=2, max_size=5))
def test_the_business_time_never_goes_back_and_never_passes_the_real_time(
    behind_s: float, speed: float, elapsed: list[float]
) -> None:
    anchor = Anchor(wall_s=2e6, virtual_s=2e6 - behind_s, speed=speed)

    times = [anchor.virtual_at(2e6 + each) for each in sorted(elapsed)]

    assert times == sorted(times)
    assert all(t <= 2e6 + each for t, each in zip(times, sorted(elapsed), strict=True))


def test_the_speed_becomes_one_where_the_real_time_is_reached() -> None:
    anchor = Anchor(wall_s=1000, virtual_s=940, speed=61)

    assert anchor.speed_at(1000.5) == 61
    assert anchor.speed_at(1002) == 1
    assert anchor.virtual_at(1002) == 1002


def test_a_paused_clock_stands_and_its_waits_are_short(tmp_path: Path) -> None:
    clock = anchored(tmp_path, hours_back=72, speed=0)

    first = clock.now()
    time.sleep(0.02)

    assert clock.now() == first
    assert clock.technical_s(3600) == pytest.approx(0.2)


def test_every_reader_of_the_folder_sees_a_new_speed_and_no_time_jumps(tmp_path: Path) -> None:
    clock = anchored(tmp_path, hours_back=72, speed=60)
    other = AnchoredClock(tmp_path / "clock.json")
    before = other.now()

    clock.set_speed(600)
    deadline_s = time.monotonic() + 5
    while other.speed != 600 and time.monotonic() < deadline_s:
        time.sleep(0.02)

    assert other.technical_s(600) == pytest.approx(1)
    assert timedelta() <= other.now() - before < timedelta(hours=1)


def test_the_demo_starts_at_half_past_six_of_a_working_day_in_the_past() -> None:
    monday = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)

    start = demo_start(monday).astimezone(SHANGHAI)

    assert (start.hour, start.minute) == (6, 30)
    assert start.weekday() < 5
    assert monday - start >= timedelta(days=3)


@pytest.mark.parametrize("text", ["", "{}", '{"anchor_wall": 1}', "[1]", '{"anchor_wall":"x"}'])
def test_a_damaged_anchor_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clock.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(UnreadableAnchorError, match=r"clock\.json"):
        read_anchor(path)
