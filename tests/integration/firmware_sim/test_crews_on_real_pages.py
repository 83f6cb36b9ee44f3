"""Simulated crews work over the centre's real crew pages, and the case moves as if by people."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.app import create_app
from api.settings import ApiSettings
from domain.cases import Actor, Case, CaseAction, CaseState
from domain.problems import ProblemClass
from firmware_sim.crews import SimulatedCrews
from firmware_sim.task_client import TaskClient
from tests.fakes.centre_rig import BASE_URL, CentreRig, open_centre
from tests.fakes.http_client import TestClient
from tests.fakes.simulator_rig import SimulatorRig, district, simulator_rig


@dataclass(frozen=True, kw_only=True)
class Day:
    """A centre and a simulator under one clock."""

    centre: CentreRig
    simulator: SimulatorRig
    crews: SimulatedCrews

    def tell(self, case: Case, level: str) -> None:
        """Send the crew's message as the web-hook channel does."""
        message_id = f"{case.number.lower()}-{level}"
        link = self.centre.links.link(crew_id=case.crew_id, case_id=case.case_id)
        body = {
            "schema": 1,
            "message_id": message_id,
            "key": message_id,
            "to": case.crew_id,
            "title": case.number,
            "text": "请处置",
            "link": link,
            "level": level,
            "repeat": False,
            "sent_at": self.centre.clock.now().isoformat(),
        }
        self.simulator.inbox.receive(case.crew_id, json.dumps(body).encode(), message_id)

    def work_until(self, case_id: str, state: CaseState) -> Case:
        for _ in range(180):
            self.crews.work()
            case = self.centre.book.case(case_id)
            assert case is not None
            if case.state is state:
                return case
            self.centre.clock.advance(minutes=1)
        pytest.fail(f"the case never became {state}")


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    with open_centre(tmp_path, district().registry) as centre:
        simulator = simulator_rig({}, clock=centre.clock)
        app = create_app(centre.parts(), settings=ApiSettings())
        with TestClient(app, base_url=BASE_URL, follow_redirects=True) as client:
            crews = SimulatedCrews(
                district().registry.crews,
                world=simulator.world,
                inbox=simulator.inbox,
                photos=simulator.parts.photos,
                pages=TaskClient(client),
                clock=centre.clock,
                metrics=simulator.parts.metrics,
            )
            yield Day(centre=centre, simulator=simulator, crews=crews)
            crews.stop()


@pytest.mark.parametrize("place_id", sorted(district().registry.places)[::7])
def test_a_case_goes_from_dispatched_to_awaiting_verification_at_any_place(
    day: Day, place_id: str
) -> None:
    case = day.centre.report(place_id)
    assert case.state is CaseState.DISPATCHED
    day.tell(case, "new")
    case = day.work_until(case.case_id, CaseState.AWAITING_VERIFICATION)
    moments = [moment for moment in (case.accepted_at, case.arrived_at, case.finished_at) if moment]
    assert len(set(moments)) == 3
    assert moments == sorted(moments)
    assert day.centre.photo_intake.admitted == 2
    (finish,) = [
        entry for entry in day.centre.book.log(case.case_id) if entry.action is CaseAction.FINISH
    ]
    assert finish.note
    assert all(day.centre.pictures.get(photo) for photo in finish.photos)
    day.centre.clock.advance(seconds=1)
    truth = day.simulator.world.truth(place_id, day.centre.clock.now())
    assert max(truth.levels.values()) < 0.1


def test_a_crew_that_is_sent_back_works_again(day: Day) -> None:
    case = day.centre.report("place-001", ProblemClass.SCATTERED_LITTER)
    day.tell(case, "new")
    case = day.work_until(case.case_id, CaseState.AWAITING_VERIFICATION)
    case = day.centre.move(case, CaseAction.SEND_BACK, Actor.INSPECTOR, note="角落未清")
    assert case.state is CaseState.REWORK
    day.tell(case, "rework")
    case = day.work_until(case.case_id, CaseState.AWAITING_VERIFICATION)
    assert case.rework_count == 1
    assert day.centre.photo_intake.admitted == 4


def test_a_case_that_was_withdrawn_on_the_way_is_let_go(day: Day) -> None:
    case = day.centre.report("place-001")
    day.tell(case, "new")
    case = day.work_until(case.case_id, CaseState.IN_PROGRESS)
    day.centre.move(case, CaseAction.VOID, Actor.INSPECTOR, note="误报", approved_by="队长")
    for _ in range(60):
        day.crews.work()
        day.centre.clock.advance(minutes=1)
    assert day.simulator.counted("crew_dropped", reason="nothing_to_do") == 1
    assert day.centre.photo_intake.admitted == 0
