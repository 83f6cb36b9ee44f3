"""Simulated crews work over the task pages only, at a person's pace, whatever the network does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from domain.problems import ProblemClass
from firmware_sim.crew_pace import SLOW_RATIO, pace_of
from firmware_sim.crews import SimulatedCrews
from firmware_sim.profiles import CrewHabit
from firmware_sim.task_client import TaskClient
from tests.fakes.http_client import TestClient
from tests.fakes.simulator_rig import SEED, SimulatorRig, district, simulator_rig
from tests.fakes.task_pages import Task, TaskPages

CREW_ID = "crew-dongguan"
PLACE_ID = "place-001"
CONTAINER_ID = "bin-001-a"
HONEST = {CREW_ID: CrewHabit(leaves_waste_ratio=0.0)}
SLOPPY = {CREW_ID: CrewHabit(leaves_waste_ratio=1.0)}


@dataclass(frozen=True, kw_only=True)
class CrewRig:
    simulator: SimulatorRig
    centre: TaskPages
    crews: SimulatedCrews

    def send(
        self, token: str, *, level: str = "new", place_id: str = PLACE_ID, to: str = CREW_ID
    ) -> None:
        """Open a task at the centre, and tell the crew of it."""
        place = district().registry.places[place_id]
        self.centre.tasks.setdefault(token, Task(place=place.name))
        self.tell(token, level=level, to=to)

    def tell(self, token: str, *, level: str = "new", to: str = CREW_ID) -> None:
        message_id = f"{token}-{level}"
        body = {
            "schema": 1,
            "message_id": message_id,
            "key": message_id,
            "to": to,
            "title": "任务",
            "text": "请处置",
            "link": f"http://testserver/c/{token}",
            "level": level,
            "repeat": False,
            "sent_at": self.simulator.clock.now().isoformat(),
        }
        self.simulator.inbox.receive(to, json.dumps(body).encode(), message_id)

    def work_for(self, **interval: float) -> None:
        """Let business time pass minute by minute."""
        for _ in range(int(timedelta(**interval) / timedelta(minutes=1))):
            self.crews.work()
            self.simulator.clock.advance(minutes=1)
        self.crews.work()

    def work_until(self, token: str, step: str | None) -> None:
        """Let business time pass until ``step`` is the task's next (None: done), at most 3 h."""
        for _ in range(180):
            self.crews.work()
            if self.centre.tasks[token].step == step:
                return
            self.simulator.clock.advance(minutes=1)
        pytest.fail(f"{token} never came to {step}")

    def work_on_an_overfull_bin(self, token: str) -> frozenset[ProblemClass]:
        """Let the crew arrive, find an overfull bin, and finish; return what it has left there."""
        self.work_until(token, "finish")
        self.simulator.world.overfill(CONTAINER_ID, self.simulator.clock.now())
        self.work_until(token, None)
        self.simulator.clock.advance(seconds=1)
        return self.simulator.world.truth(PLACE_ID, self.simulator.clock.now()).problems


def quick_tokens(count: int) -> list[str]:
    """Tokens of tasks that the crew accepts within three minutes."""
    tokens = (f"t-{number}" for number in range(1, 200))
    soon = timedelta(minutes=3)
    return [t for t in tokens if pace_of(SEED, CREW_ID, f"{t}-new").accept < soon][:count]


def crew_rig(habits: dict[str, CrewHabit]) -> CrewRig:
    simulator, centre = simulator_rig(habits), TaskPages()
    client = TestClient(centre.app(), follow_redirects=True)
    crews = SimulatedCrews(
        [CREW_ID],
        world=simulator.world,
        inbox=simulator.inbox,
        photos=simulator.parts.photos,
        pages=TaskClient(client),
        clock=simulator.clock,
        metrics=simulator.parts.metrics,
    )
    return CrewRig(simulator=simulator, centre=centre, crews=crews)


@pytest.fixture
def rig() -> Iterator[CrewRig]:
    rig = crew_rig(HONEST)
    yield rig
    rig.crews.stop()


def test_a_task_is_accepted_reached_and_finished_with_two_photos(rig: CrewRig) -> None:
    rig.simulator.world.overfill(CONTAINER_ID, rig.simulator.clock.now())
    rig.send("t-1")
    rig.work_for(minutes=90)
    task = rig.centre.tasks["t-1"]
    assert task.step is None
    assert task.keys == ["t-1-accept", "t-1-arrive", "t-1-finish"]
    assert [photo[:2] for photo in task.photos] == [b"\xff\xd8"] * 2
    assert task.photos[0] != task.photos[1]
    assert task.note
    posts = [request for request in rig.centre.requests if not request.startswith("GET")]
    assert posts == ["accept t-1", "arrive t-1", "finish t-1"]


def test_an_honest_crew_leaves_the_place_clean(rig: CrewRig) -> None:
    rig.send("t-1")
    assert rig.work_on_an_overfull_bin("t-1") == frozenset()


def test_a_crew_that_leaves_waste_says_done_all_the_same() -> None:
    rig = crew_rig(SLOPPY)
    rig.send("t-1")
    assert ProblemClass.BIN_OVERFLOW in rig.work_on_an_overfull_bin("t-1")
    rig.send("t-2", level="rework")
    assert rig.work_on_an_overfull_bin("t-2") == frozenset()
    rig.crews.stop()


def test_nothing_happens_before_a_person_could_do_it(rig: CrewRig) -> None:
    rig.send("t-1")
    pace = pace_of(SEED, CREW_ID, "t-1-new")
    rig.crews.work()
    rig.simulator.clock.advance(seconds=pace.accept.total_seconds() - 1)
    rig.crews.work()
    assert rig.centre.tasks["t-1"].step == "accept"
    rig.simulator.clock.advance(seconds=2)
    rig.crews.work()
    assert rig.centre.tasks["t-1"].step == "arrive"


def test_a_crew_accepts_several_tasks_and_does_one_at_a_time(rig: CrewRig) -> None:
    one, other = quick_tokens(2)
    rig.send(one)
    rig.send(other, place_id="place-002")
    rig.work_for(minutes=100)
    posts = [request.split() for request in rig.centre.requests if not request.startswith("GET")]
    assert [step for step, _ in posts] == ["accept"] * 2 + ["arrive", "finish"] * 2
    assert {token for _, token in posts[:2]} == {one, other}
    assert posts[2][1] == posts[3][1] != posts[4][1] == posts[5][1]


def test_a_step_whose_answer_was_lost_is_not_taken_twice(rig: CrewRig) -> None:
    rig.send("t-1")
    rig.centre.lost_answers = 3
    rig.work_for(minutes=120)
    assert rig.centre.tasks["t-1"].keys == ["t-1-accept", "t-1-arrive", "t-1-finish"]
    assert rig.simulator.counted("crew_retries", reason="server_error") == 3


def test_a_centre_that_is_away_for_a_while_only_delays_the_work(rig: CrewRig) -> None:
    rig.send("t-1")
    rig.centre.faults.extend([503] * 10)
    rig.work_for(minutes=150)
    assert rig.centre.tasks["t-1"].step is None
    assert rig.simulator.counted("crew_retries", reason="server_error") == 10


def test_a_reminder_of_a_task_in_hand_is_no_second_task(rig: CrewRig) -> None:
    rig.send("t-1")
    rig.work_for(minutes=8)
    assert rig.centre.tasks["t-1"].step == "arrive"
    rig.centre.tasks["t-1b"] = rig.centre.tasks["t-1"]
    rig.tell("t-1b", level="reminder")
    rig.work_for(minutes=120)
    assert rig.simulator.counted("crew_dropped", reason="in_hand") == 1
    assert rig.centre.tasks["t-1"].keys == ["t-1-accept", "t-1-arrive", "t-1-finish"]


def test_a_task_that_is_over_meanwhile_is_let_go(rig: CrewRig) -> None:
    rig.send("t-1")
    rig.work_for(minutes=7)
    rig.centre.tasks["t-1"].step = None
    rig.work_for(minutes=60)
    assert rig.simulator.counted("crew_dropped", reason="nothing_to_do") == 1
    assert rig.centre.tasks["t-1"].photos == []


def test_a_link_that_leads_nowhere_is_counted_and_let_go(rig: CrewRig) -> None:
    rig.tell("t-unknown")
    rig.work_for(minutes=60)
    assert rig.simulator.counted("crew_dropped", reason="page_refused") == 1


def test_crews_that_are_not_simulated_are_left_to_people(rig: CrewRig) -> None:
    rig.send("t-1", to="crew-visitor")
    rig.work_for(minutes=60)
    assert rig.centre.requests == []
    assert rig.simulator.inbox.unread("crew-visitor") == 1


def test_read_messages_are_marked_read(rig: CrewRig) -> None:
    rig.send("t-1")
    rig.crews.work()
    assert rig.simulator.inbox.unread(CREW_ID) == 0


def test_some_crews_are_so_slow_that_their_task_escalates() -> None:
    accepts = [pace_of(SEED, CREW_ID, f"message-{number}").accept for number in range(2000)]
    slow = sum(accept > timedelta(minutes=30) for accept in accepts) / len(accepts)
    assert 0.6 * SLOW_RATIO < slow < 1.4 * SLOW_RATIO
    assert min(accepts) >= timedelta(minutes=1)


def test_the_thread_works_and_ends(rig: CrewRig) -> None:
    rig.send("t-1")
    rig.simulator.clock.advance(hours=1)
    rig.crews.start()
    for _ in range(200):
        if rig.centre.requests:
            break
        rig.crews._stopping.wait(0.02)
    rig.crews.stop()
    rig.crews.stop()
    assert rig.centre.requests
