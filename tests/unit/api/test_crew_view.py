"""What a crew's page shows, for every state a case can be in."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.crew_view import CrewStep, Standing, form_key, next_step, standing, steps_done
from domain.cases import Actor, Case, CaseSource, CaseState, legal_actions
from domain.problems import ProblemClass
from tests.fakes.centre_rig import CATALOGUE
from texts.catalogue import Locale

NOW = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
CASE = Case(
    case_id="case-1",
    number="20260303-0001",
    place_id="place-1",
    problem_class=ProblemClass.BIN_OVERFLOW,
    source=CaseSource.SENSOR,
    state=CaseState.DISPATCHED,
    version=3,
    unit_id="unit-1",
    crew_id="crew-1",
    opened_at=NOW,
)


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("arrived_at", [None, NOW])
def test_the_one_button_is_always_a_step_the_crew_may_take(
    state: CaseState, arrived_at: datetime | None
) -> None:
    step = next_step(replace(CASE, state=state, arrived_at=arrived_at))
    allowed = legal_actions(state, Actor.CREW)
    assert (step is None) == (not allowed)
    assert step is None or step.value in allowed


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("locale", Locale)
def test_every_state_that_asks_nothing_has_its_own_words(state: CaseState, locale: Locale) -> None:
    stands = standing(replace(CASE, state=state))
    if stands is not Standing.TO_DO:
        assert CATALOGUE.text(f"crew.state.{stands}.title", locale)


def test_the_steps_are_counted_as_the_crew_takes_them() -> None:
    in_progress = replace(CASE, state=CaseState.IN_PROGRESS)
    ways = [
        CASE,
        in_progress,
        replace(in_progress, arrived_at=NOW),
        replace(CASE, state=CaseState.AWAITING_VERIFICATION),
        replace(CASE, state=CaseState.CLOSED),
    ]
    assert [steps_done(case) for case in ways] == [0, 1, 2, 3, 4]


def test_a_key_changes_with_the_case_and_with_the_step() -> None:
    keys = {
        form_key(CASE, CrewStep.ACCEPT),
        form_key(CASE, CrewStep.ARRIVE),
        form_key(replace(CASE, version=4), CrewStep.ACCEPT),
        form_key(replace(CASE, case_id="case-2"), CrewStep.ACCEPT),
    }
    assert len(keys) == 4
    assert form_key(CASE, CrewStep.ACCEPT) == form_key(CASE, CrewStep.ACCEPT)
