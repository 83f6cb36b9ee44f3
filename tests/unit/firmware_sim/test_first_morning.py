"""The demo's first three business hours, as they truly go without anybody's help."""

from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from domain.problems import ProblemClass
from firmware_sim.district_places import VISITOR_CREW_ID, VISITOR_UNIT_ID
from firmware_sim.ledger import truth_line
from firmware_sim.ledger_report import Episode, true_episodes
from firmware_sim.truth_changes import TruthChange, TruthEvent
from firmware_sim.waste import COLLECTORS
from firmware_sim.world import World
from tests.fakes.simulated_district import FIRST_MORNING, world

SEEDS = [1, 2, 3, 4, 5, 6, 7, 42]
UNTIL = FIRST_MORNING + timedelta(hours=3)


class Morning:
    def __init__(self, seed: int) -> None:
        self.world: World = world(seed)
        self.changes: tuple[TruthChange, ...] = self.world.settle(UNTIL)
        registry = self.world.district.registry
        self.registry = registry
        self.camera_places = {camera.place_id for camera in registry.cameras.values()}
        self.sensed = {sensor.container_id for sensor in registry.sensors.values()}

    def overflows(self, before: datetime) -> list[TruthChange]:
        return [
            change
            for change in self.changes
            if change.event is TruthEvent.LEVEL_REACHED
            and change.value == 1.0
            and FIRST_MORNING < change.at < before
        ]

    def cases(self) -> list[Episode]:
        """What a perfect supervisor would open a case for: seen by a camera or a sensor, and
        lasting longer than two readings or verdicts take.
        """
        lines = [truth_line(change) for change in self.changes]
        return [
            episode
            for episode in true_episodes(lines, full_level=0.9)
            if (episode.ended_at or UNTIL) - episode.began_at >= timedelta(minutes=10)
            and (
                episode.place_id in self.camera_places
                or episode.problem_class is ProblemClass.BIN_OVERFLOW
            )
        ]


@pytest.fixture(scope="module", params=SEEDS)
def morning(request: pytest.FixtureRequest) -> Morning:
    return Morning(request.param)


def test_bins_overflow_at_camera_places_and_at_places_with_sensors_only(
    morning: Morning,
) -> None:
    overflows = morning.overflows(UNTIL)
    at_cameras = {one.place_id for one in overflows if one.place_id in morning.camera_places}
    sensors_only = {one.place_id for one in overflows} - morning.camera_places
    assert len(at_cameras) >= 3
    assert len(sensors_only) >= 3
    assert {one.subject for one in overflows} <= morning.sensed | {
        zone.container_id for camera in morning.registry.cameras.values() for zone in camera.zones
    }


def test_the_first_bin_overflows_within_the_first_real_half_minute(morning: Morning) -> None:
    assert morning.overflows(FIRST_MORNING + timedelta(minutes=30))


def test_early_collections_at_camera_places_are_swept_and_not_swept(morning: Morning) -> None:
    early = FIRST_MORNING + timedelta(minutes=40)
    emptied: dict[str, datetime] = {}
    fell_enough = set()
    swept_after = defaultdict[str, list[datetime]](list)
    for change in morning.changes:
        if change.place_id not in morning.camera_places:
            continue
        if change.event is TruthEvent.EMPTIED and change.actor == COLLECTORS:
            if change.at <= early:
                emptied[change.place_id] = change.at
            if change.subject in morning.sensed and (change.value or 0) >= 0.5:
                fell_enough.add(change.place_id)
        if change.event is TruthEvent.SWEPT:
            swept_after[change.place_id].append(change.at)
    in_time = {
        place_id
        for place_id, at in emptied.items()
        if any(at < swept <= at + timedelta(minutes=10) for swept in swept_after[place_id])
    }
    not_in_time = {
        place_id
        for place_id, at in emptied.items()
        if not any(at < swept <= at + timedelta(minutes=35) for swept in swept_after[place_id])
    }
    assert in_time & fell_enough
    assert not_in_time & fell_enough


def test_the_visitors_unit_has_its_first_case_early_and_nobody_else_clears_it(
    morning: Morning,
) -> None:
    theirs = [
        case
        for case in morning.cases()
        if morning.registry.places[case.place_id].unit_id == VISITOR_UNIT_ID
        and case.problem_class is ProblemClass.BIN_OVERFLOW
    ]
    first = min(theirs, key=lambda case: case.began_at)
    assert first.began_at <= FIRST_MORNING + timedelta(minutes=15)
    assert first.ended_at is None
    assert first.place_id in morning.camera_places
    assert morning.registry.places[first.place_id].crew_id == VISITOR_CREW_ID


def test_there_is_work_but_no_flood(morning: Morning) -> None:
    assert 10 <= len(morning.cases()) <= 27


def test_cases_come_one_after_another_not_all_at_once(morning: Morning) -> None:
    by_half_hour = defaultdict[int, int](int)
    for case in morning.cases():
        by_half_hour[int((case.began_at - FIRST_MORNING) / timedelta(minutes=30))] += 1
    assert max(by_half_hour.values()) <= 10
    assert len(by_half_hour) >= 4
