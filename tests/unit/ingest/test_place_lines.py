"""Places as points: all of them now and then, a changed one at once, none lost to a busy server."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.alerts import Alert, AlertLevel
from domain.cases import Case
from domain.problems import ProblemClass
from ingest.influx.place_lines import ALL_EVERY, PlaceLines
from tests.fakes.ingest_samples import fill_record, sample_registry
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_registry import MemoryRegistry

REGISTRY = sample_registry(sensors=2)
(PLACE,) = REGISTRY.places.values()


class Desk:
    """What is open, as a test says."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def open_alerts(self) -> Sequence[Alert]:
        return self.alerts

    def open_cases(self) -> Sequence[Case]:
        return []


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def history() -> MemoryHistory:
    return MemoryHistory()


@pytest.fixture
def source(history: MemoryHistory, desk: Desk, clock: ManualClock) -> PlaceLines:
    return PlaceLines(history=history, work=desk, registry=MemoryRegistry(REGISTRY), clock=clock)


def overflow(clock: ManualClock) -> Alert:
    return Alert(
        alert_id="alert-1",
        place_id=PLACE.place_id,
        device_id=None,
        subject=ProblemClass.BIN_OVERFLOW,
        level=AlertLevel.CRITICAL,
        fired_at=clock.now(),
    )


def told(source: PlaceLines, after: int) -> tuple[int, list[str]]:
    page = source.read(after=after, limit=1)
    assert page is not None
    return page.through, [one.decode() for one in page.told.lines]


def test_a_place_says_where_it_is_how_full_and_how_it_stands(
    source: PlaceLines, history: MemoryHistory, clock: ManualClock
) -> None:
    for number in range(2):
        history.add(fill_record(number, at=clock.now(), level=0.85))
    _, (line,) = told(source, 0)
    head = f"place,place_id={PLACE.place_id},subdistrict_id={PLACE.subdistrict_id} "
    assert line.startswith(head)
    for part in (
        "devices=3",
        "fresh_devices=2",
        f"latitude={PLACE.location.latitude_deg}",
        f'name="{PLACE.name.zh}"',
        "overflowing=0",
        'state="warning"',
        ",fill=0.85,",
    ):
        assert part in line


def test_a_level_that_nobody_knows_is_left_out(source: PlaceLines) -> None:
    _, (line,) = told(source, 0)
    assert "fill=" not in line
    assert 'state="unknown"' in line


def test_what_has_not_changed_is_told_again_after_ten_minutes_only(
    source: PlaceLines, clock: ManualClock
) -> None:
    through, _ = told(source, 0)
    counts = []
    for _ in range(2 * ALL_EVERY):
        clock.advance(minutes=1)
        through, lines = told(source, through)
        counts.append(len(lines))
    assert sum(counts) == 2


def test_a_change_is_told_within_a_minute(
    source: PlaceLines, desk: Desk, clock: ManualClock
) -> None:
    through, _ = told(source, 0)
    clock.advance(minutes=1)
    desk.alerts = [overflow(clock)]
    through, (line,) = told(source, through)
    assert "overflowing=1" in line
    assert 'state="problem"' in line
    clock.advance(minutes=1)
    assert told(source, through)[1] == []


def test_nothing_is_told_twice_in_a_minute(source: PlaceLines) -> None:
    through, _ = told(source, 0)
    assert source.read(after=through, limit=1) is None


def test_a_change_that_could_not_be_written_is_told_again(
    source: PlaceLines, desk: Desk, clock: ManualClock
) -> None:
    through, _ = told(source, 0)
    clock.advance(minutes=1)
    desk.alerts = [overflow(clock)]
    told(source, through)  # the server is busy: the cursor stays
    clock.advance(minutes=1)
    _, lines = told(source, through)
    assert len(lines) == 1


def test_a_place_without_an_english_name_goes_by_its_chinese_one(
    history: MemoryHistory, desk: Desk, clock: ManualClock
) -> None:
    named = replace(PLACE, name=replace(PLACE.name, en=None))
    registry = replace(REGISTRY, places={named.place_id: named})
    source = PlaceLines(history=history, work=desk, registry=MemoryRegistry(registry), clock=clock)
    _, (line,) = told(source, 0)
    assert f'name_en="{PLACE.name.zh}"' in line
