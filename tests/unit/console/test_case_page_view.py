"""A case's page: what may be done by whom, and what was said to whom."""

from dataclasses import replace

import pytest

from alerts.case_records import CaseEvent, CaseLogEntry
from alerts.outbox import Channel, MessageState, NoticeLevel, OutboxMessage
from api.console.palette import Mark
from api.console.session import ROLES
from api.console.view_models.case_page import CaseContents, CaseView, case_view, offers
from domain.cases import APPROVED_ACTIONS, Actor, CaseAction, CaseState, legal_actions
from tests.fakes.console_samples import CASE, NOW, in_state, situation, words
from texts.catalogue import Locale

MESSAGE = OutboxMessage(
    message_id="message-1",
    case_id="case-1",
    episode="e",
    occasion="new",
    channel=Channel.WEBHOOK,
    recipient="crew-1",
    level=NoticeLevel.NEW,
    title="t",
    text="请处置",
    link=None,
    created_at=NOW,
    state=MessageState.DELIVERED,
    repeat=False,
    attempts=1,
    last_error=None,
    settled_at=NOW,
)


def view_of(
    state: CaseState,
    *,
    role: Actor = Actor.DISPATCHER,
    locale: Locale = Locale.ZH_CN,
    log: tuple[CaseLogEntry, ...] = (),
    messages: tuple[OutboxMessage, ...] = (),
) -> CaseView:
    contents = CaseContents(case=in_state(state), log=log, messages=messages, alerts=())
    return case_view(contents, situation=situation(), role=role, words=words(locale))


@pytest.mark.parametrize("locale", Locale)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", CaseState)
def test_a_role_is_offered_exactly_what_is_legal(
    state: CaseState, role: Actor, locale: Locale
) -> None:
    view = view_of(state, role=role, locale=locale)
    assert {offer.action for offer in view.offers} == legal_actions(state, role)
    assert all(offer.explanation for offer in view.offers)
    assert len(view.steps) == 6


@pytest.mark.parametrize("action", sorted(APPROVED_ACTIONS))
def test_what_needs_an_approval_asks_for_it(action: CaseAction) -> None:
    case = in_state(CaseState.IN_PROGRESS)
    asked = [o for role in ROLES for o in offers(case, role, words()) if o.action is action]
    assert asked
    assert all(offer.needs_approval and offer.needs_reason for offer in asked)


def test_the_page_says_whose_turn_it_is() -> None:
    assert view_of(CaseState.AWAITING_VERIFICATION).waiting_for == "等待：机器核查或督查员"
    assert view_of(CaseState.DISPATCHED, locale=Locale.EN).waiting_for == "Waiting for: Crew"
    assert view_of(CaseState.CLOSED).waiting_for == "案卷已结束。"


def test_the_way_shows_what_is_done_and_what_lies_ahead() -> None:
    steps = view_of(CaseState.REWORK).steps
    assert [step.progress for step in steps] == ["done", "done", "done", "now", "ahead", "ahead"]
    assert steps[3].label == "返工"
    assert {step.progress for step in view_of(CaseState.CLOSED).steps} == {"done"}


@pytest.mark.parametrize(
    ("message", "mark", "words_of_it"),
    [
        (MESSAGE, Mark.CLEAN, "已送达"),
        (replace(MESSAGE, state=MessageState.REFUSED, attempts=4), Mark.PROBLEM, "未送达"),
        (replace(MESSAGE, state=MessageState.WAITING, attempts=0), None, "待发送"),
    ],
)
def test_whether_a_message_arrived_is_told(
    message: OutboxMessage, mark: Mark | None, words_of_it: str
) -> None:
    row = view_of(CaseState.DISPATCHED, messages=(message,)).messages[0]
    assert row.mark is mark
    assert row.delivery.startswith(words_of_it)
    assert row.to == "一班"


def test_the_log_tells_moves_approvals_and_photos() -> None:
    entry = CaseLogEntry(
        at=NOW,
        actor=Actor.DISPATCHER,
        action=CaseAction.DEFER,
        state_before=CaseState.DISPATCHED,
        state_after=CaseState.DEFERRED,
        note="道路施工",
        approved_by="王科长",
        photos=("b" * 64,),
    )
    reported = replace(
        entry, action=CaseEvent.REPORTED, state_before=None, approved_by=None, photos=()
    )
    view = view_of(CaseState.DEFERRED, log=(reported, entry))
    assert [row.change for row in view.log] == ["", "派遣 → 延期"]
    assert view.log[1].note == "道路施工 · 批准人：王科长"
    assert [photo.sha256 for photo in view.after] == ["b" * 64]


def test_the_case_of_the_card_is_the_case_asked_for() -> None:
    assert view_of(CaseState.DISPATCHED).card.number == CASE.number
