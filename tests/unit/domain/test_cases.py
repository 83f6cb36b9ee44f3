import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cases import (
    APPROVED_ACTIONS,
    ENDED_STATES,
    LEGAL_MOVES,
    OPEN_STATES,
    Actor,
    CaseAction,
    CaseState,
    IllegalMoveError,
    legal_actions,
    next_state,
)

STATES, ACTIONS, ACTORS = (st.sampled_from(list(kind)) for kind in (CaseState, CaseAction, Actor))


@given(STATES, ACTIONS, ACTORS)
def test_a_move_is_made_exactly_when_it_is_listed_as_legal(
    state: CaseState, action: CaseAction, actor: Actor
) -> None:
    if action in legal_actions(state, actor):
        assert next_state(state, action, actor) is LEGAL_MOVES[action].target
    else:
        with pytest.raises(IllegalMoveError) as refusal:
            next_state(state, action, actor)
        assert (refusal.value.state, refusal.value.action, refusal.value.actor) == (
            state,
            action,
            actor,
        )


@given(st.lists(st.tuples(ACTIONS, ACTORS), max_size=40))
def test_no_walk_leaves_an_ended_state_and_only_a_check_closes(
    walk: list[tuple[CaseAction, Actor]],
) -> None:
    state = CaseState.REPORTED
    for action, actor in walk:
        if action not in legal_actions(state, actor):
            continue
        before, state = state, next_state(state, action, actor)
        assert before in OPEN_STATES
        if state is CaseState.CLOSED:
            assert before is CaseState.AWAITING_VERIFICATION
            assert actor in {Actor.MACHINE_VERIFICATION, Actor.INSPECTOR}


@pytest.mark.parametrize("state", sorted(ENDED_STATES))
def test_an_ended_case_allows_nothing_to_anybody(state: CaseState) -> None:
    assert not any(legal_actions(state, actor) for actor in Actor)


def test_every_action_has_a_rule_and_everything_open_can_still_end() -> None:
    assert LEGAL_MOVES.keys() == set(CaseAction)
    assert LEGAL_MOVES[CaseAction.VOID].sources == OPEN_STATES
    assert {CaseAction.VOID, CaseAction.DEFER} <= APPROVED_ACTIONS


def test_supervision_does_not_dispatch_and_command_does_not_verify() -> None:
    checks = {CaseAction.CONFIRM_CLEAN, CaseAction.SEND_BACK}
    for state in CaseState:
        for actor in (Actor.CREW, Actor.DISPATCHER, Actor.AUTO_DISPATCH, Actor.OPERATOR):
            assert not legal_actions(state, actor) & checks
        for actor in (Actor.RULE, Actor.MACHINE_VERIFICATION, Actor.INSPECTOR, Actor.OPERATOR):
            assert CaseAction.DISPATCH not in legal_actions(state, actor)
