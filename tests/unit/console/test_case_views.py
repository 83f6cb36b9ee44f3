"""Cases on the board: where they stand, and the time they have left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.console.palette import Mark
from api.console.view_models.cases import board, case_card, timing_of
from domain.cases import OPEN_STATES, Case, CaseState
from tests.fakes.console_samples import CASE, NOW, REGISTRY, in_state, words
from texts.catalogue import Locale


def columns_of(*cases: Case) -> dict[str, list[str]]:
    columns = board(cases, now=NOW, registry=REGISTRY, words=words())
    return {column.key: [card.number for card in column.cards] for column in columns}


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_an_open_case_stands_in_exactly_one_column(state: CaseState) -> None:
    assert sum(len(numbers) for numbers in columns_of(in_state(state)).values()) == 1


def test_what_is_overdue_comes_first_then_what_is_due_next() -> None:
    late = replace(CASE, case_id="late", number="3", due_at=NOW - timedelta(minutes=1))
    soon = replace(CASE, case_id="soon", number="2", due_at=NOW + timedelta(minutes=5))
    assert columns_of(CASE, soon, late)["dispatched"] == ["3", "2", CASE.number]


def test_time_left_is_told_in_both_languages_and_counts_on_in_the_browser() -> None:
    zh, en = timing_of(CASE, NOW, words()), timing_of(CASE, NOW, words(Locale.EN))
    assert (zh.text, en.text) == ("剩 1小时", "1 hr left")
    assert zh.due_ms == round((NOW + timedelta(hours=1)).timestamp() * 1000)
    assert zh.mark is None


def test_a_case_beyond_its_limit_is_marked_overdue() -> None:
    timing = timing_of(CASE, NOW + timedelta(hours=3), words())
    assert (timing.text, timing.mark) == ("超时 2小时", Mark.OVERDUE)


@pytest.mark.parametrize("state", [CaseState.RETURNED, CaseState.DEFERRED, CaseState.SUSPENDED])
def test_the_clock_of_a_paused_case_stands_still(state: CaseState) -> None:
    timing = timing_of(in_state(state), NOW + timedelta(days=1), words())
    assert (timing.text, timing.due_ms, timing.mark) == ("时限暂停", None, None)


def test_a_handled_case_tells_how_long_it_has_waited_for_its_check() -> None:
    case = in_state(CaseState.AWAITING_VERIFICATION, finished_at=NOW - timedelta(minutes=5))
    assert timing_of(case, NOW, words()).text == "已等 5分钟"
    assert timing_of(case, NOW + timedelta(days=2), words()).mark is None


def test_a_case_that_only_grew_older_is_no_reason_to_send_its_card_again() -> None:
    one = case_card(CASE, now=NOW, registry=REGISTRY, words=words())
    later = case_card(CASE, now=NOW + timedelta(minutes=7), registry=REGISTRY, words=words())
    assert one == later
    assert one.timing.text != later.timing.text


def test_a_card_says_what_where_who_and_how_often_it_came_back() -> None:
    case = replace(CASE, rework_count=2, escalation_level=1)
    card = case_card(case, now=NOW, registry=REGISTRY, words=words(Locale.EN))
    assert (card.problem, card.place) == ("Bin overflow", "Renmin Road 1")
    assert card.who == "环卫公司 · Crew 1"
    assert card.badges == ("reworked 2×", "escalated")


def test_a_place_that_left_the_registry_is_still_told_by_its_id() -> None:
    gone = replace(CASE, place_id="place-gone")
    assert case_card(gone, now=NOW, registry=REGISTRY, words=words()).place == "place-gone"
