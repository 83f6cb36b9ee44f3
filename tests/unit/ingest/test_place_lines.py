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


def all_told(source: PlaceLines, after: int) -> tuple[int, list[str]]:
    page = source.read(after=after, limit=1)
    assert page is not None
    return page.through, [one.decode() for one in page.told.lines]


def told(source: PlaceLines, after: int) -> tuple[int, list[str]]:
    """Return what is told of each place."""
    through, lines = all_told(source, after)
    return through, [line for line in lines if line.startswith("place,")]


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
    _, lines = all_told(source, 0)
    (line,) = (each for each in lines if each.startswith("place_now,"))
    assert f'name_en="{PLACE.name.zh}"' in line


def test_a_map_gets_all_places_of_a_subdistrict_in_one_series(
    history: MemoryHistory, desk: Desk, clock: ManualClock
) -> None:
    other = replace(PLACE, place_id="place-2")
    registry = replace(REGISTRY, places={PLACE.place_id: PLACE, "place-2": other})
    source = PlaceLines(history=history, work=desk, registry=MemoryRegistry(registry), clock=clock)
    _, lines = all_told(source, 0)
    shown = [line for line in lines if line.startswith("place_now,")]
    assert [line.split(" ")[0] for line in shown] == ["place_now,subdistrict_id=sub-1"] * 2
    for place_id, line in zip(registry.places, shown, strict=True):
        assert f'place_id="{place_id}"' in line
    first, second = (int(line.rpartition(" ")[2]) for line in shown)
    assert second == first + 1
    assert f"latitude={PLACE.location.latitude_deg}" in shown[0]
    (counted,) = (line for line in lines if line.startswith("places,subdistrict_id=sub-1 "))
    assert "places=2," in counted
    assert "unknown=2," in counted


def test_a_level_is_told_at_once_when_it_has_moved_by_a_step(
    source: PlaceLines, history: MemoryHistory, clock: ManualClock
) -> None:
    counts = []
    through = 0
    for level in (0.50, 0.52, 0.56):
        for number in range(2):
            history.add(fill_record(number, at=clock.now(), level=level))
        through, lines = told(source, through)
        counts.append(len(lines))
        clock.advance(minutes=1)
    assert counts == [1, 0, 1]
