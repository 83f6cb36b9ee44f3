from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.problems import ProblemClass
from firmware_sim.ground import GroundKind
from firmware_sim.truth_changes import TruthEvent
from firmware_sim.world import UnknownInWorldError
from tests.fakes.simulated_district import FIRST_MORNING, world

PLACE, BIN = "place-003", "bin-003-a"
MINUTE = timedelta(minutes=1)


@settings(max_examples=25, deadline=None)
@given(
    asked=st.lists(st.integers(0, 26 * 60), max_size=8),
    emptied=st.integers(1, 20 * 60),
    wanted=st.integers(0, 26 * 60),
)
def test_what_was_asked_before_changes_no_answer(
    asked: list[int], emptied: int, wanted: int
) -> None:
    curious, plain = world(), world()
    for minute in asked[::2]:
        curious.truth(PLACE, FIRST_MORNING + minute * MINUTE)
    for one in (curious, plain):
        one.empty(BIN, FIRST_MORNING + emptied * MINUTE, actor="crew-x")
    for minute in asked[1::2]:
        curious.truth(PLACE, FIRST_MORNING + minute * MINUTE)
    at = FIRST_MORNING + wanted * MINUTE
    assert curious.truth(PLACE, at) == plain.truth(PLACE, at)


def test_the_same_seed_and_actions_give_the_same_run() -> None:
    runs = []
    for _ in range(2):
        one = world()
        changes = list(one.settle(FIRST_MORNING + 40 * MINUTE))
        one.visit("place-007", FIRST_MORNING + 50 * MINUTE, actor="crew-dongguan")
        one.overfill("bin-060-a", FIRST_MORNING + 60 * MINUTE)
        changes += one.settle(FIRST_MORNING + 300 * MINUTE)
        runs.append(changes)
    assert runs[0] == runs[1]
    assert len(runs[0]) > 50


def test_another_seed_gives_another_run() -> None:
    until = FIRST_MORNING + timedelta(hours=3)
    assert world(1).settle(until) != world(2).settle(until)


def test_settling_in_small_steps_tells_the_same_truth_as_in_one() -> None:
    stepwise = world()
    steps = [
        change
        for minute in range(7, 240, 7)
        for change in stepwise.settle(FIRST_MORNING + minute * MINUTE)
    ]
    whole = world().settle(FIRST_MORNING + 238 * MINUTE)
    assert sorted(map(repr, steps)) == sorted(map(repr, whole))


def test_levels_only_rise_until_somebody_empties() -> None:
    one = world()
    levels = [
        one.truth("place-021", FIRST_MORNING + minute * MINUTE).levels["bin-021-a"]
        for minute in range(0, 120, 5)
    ]
    assert levels == sorted(levels)
    assert levels[-1] > levels[0]
    one.empty("bin-021-a", FIRST_MORNING + 120 * MINUTE, actor="crew-x")
    assert one.truth("place-021", FIRST_MORNING + 120 * MINUTE).levels["bin-021-a"] < 0.05


def test_an_overfilled_bin_overflows_with_bags_beside_it() -> None:
    one = world()
    one.overfill(BIN, FIRST_MORNING + MINUTE)
    truth = one.truth(PLACE, FIRST_MORNING + MINUTE)
    assert truth.problems >= {
        ProblemClass.BIN_OVERFLOW,
        ProblemClass.BAGGED_WASTE_ON_GROUND,
    }
    before = one.truth(PLACE, FIRST_MORNING)
    assert before.problems == frozenset()


def test_waste_over_the_rim_ends_on_the_ground() -> None:
    one = world()
    truth = one.truth("place-015", FIRST_MORNING + 80 * MINUTE)
    assert 1.0 <= truth.levels["bin-015-a"] < 1.2
    bags = [item for item in truth.ground if item.kind is GroundKind.BAG]
    assert bags
    assert all(FIRST_MORNING < bag.dropped_at <= truth.at for bag in bags)


def test_sweeping_clears_the_ground_and_leaves_the_bins() -> None:
    one = world()
    one.overfill(BIN, FIRST_MORNING + MINUTE)
    one.drop(PLACE, FIRST_MORNING + MINUTE, GroundKind.HEAP)
    one.sweep(PLACE, FIRST_MORNING + 2 * MINUTE, actor="crew-x")
    truth = one.truth(PLACE, FIRST_MORNING + 2 * MINUTE)
    assert truth.ground == ()
    assert truth.levels[BIN] > 1.0


def test_a_sloppy_visit_leaves_waste_and_the_next_one_does_not() -> None:
    one = world(sloppy_ratio=1.0)
    at = FIRST_MORNING + 80 * MINUTE
    one.overfill("bin-007-a", at)
    first = one.visit("place-007", at + MINUTE, actor="crew-dongguan")
    left = one.truth("place-007", at + MINUTE)
    assert first.left_waste
    assert left.levels["bin-007-a"] > 1.0
    assert left.levels["bin-007-b"] < 0.05
    assert left.problems >= {ProblemClass.BIN_OVERFLOW, ProblemClass.BAGGED_WASTE_ON_GROUND}
    second = one.visit("place-007", at + 30 * MINUTE, actor="crew-dongguan")
    assert not second.left_waste
    assert one.truth("place-007", at + 30 * MINUTE).problems == frozenset()


def test_the_visitors_crew_never_leaves_waste_by_chance() -> None:
    one = world(sloppy_ratio=1.0)
    at = FIRST_MORNING + 30 * MINUTE
    assert not one.visit("place-015", at, actor="crew-visitor").left_waste


def test_some_crews_sometimes_leave_waste() -> None:
    one = world()
    visits = [
        one.visit(place_id, FIRST_MORNING + 30 * MINUTE, actor="crew-qingyun").left_waste
        for place_id in one.district.profiles
    ]
    assert 0 < sum(visits) < len(visits) / 2


def test_an_action_never_changes_settled_truth() -> None:
    one = world()
    one.settle(FIRST_MORNING + 30 * MINUTE)
    before = one.truth(PLACE, FIRST_MORNING + 30 * MINUTE)
    one.empty(BIN, FIRST_MORNING + 10 * MINUTE, actor="crew-x")
    assert one.truth(PLACE, FIRST_MORNING + 30 * MINUTE) == before
    told = one.settle(FIRST_MORNING + 31 * MINUTE)
    emptied = [change for change in told if change.event is TruthEvent.EMPTIED]
    assert [(change.subject, change.actor) for change in emptied] == [(BIN, "crew-x")]


def test_what_stands_at_the_start_is_told_first() -> None:
    told = world().settle(FIRST_MORNING)
    assert {change.at for change in told} == {FIRST_MORNING}
    assert all(change.event is TruthEvent.LEVEL_REACHED for change in told)
    assert told


def test_unknown_ids_are_refused() -> None:
    one = world()
    with pytest.raises(UnknownInWorldError):
        one.truth("place-999", FIRST_MORNING)
    with pytest.raises(UnknownInWorldError):
        one.empty("bin-999-z", FIRST_MORNING, actor="crew-x")
    with pytest.raises(UnknownInWorldError):
        one.sweep("nowhere", FIRST_MORNING, actor="crew-x")
