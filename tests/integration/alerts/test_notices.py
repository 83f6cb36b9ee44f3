from enum import StrEnum

import pytest

from alerts.case_records import CaseEvent
from alerts.notices import Occasion
from alerts.outbox import Channel, MessageState, NoticeLevel
from alerts.rules import reconciliation
from domain.cases import Actor, CaseAction, CaseState
from tests.fakes.alerts_rig import AlertsRig
from texts.catalogue import Locale, load_catalogues

CATALOGUE = load_catalogues()
REASONS = {
    value
    for name, value in vars(reconciliation).items()
    if name.isupper() and isinstance(value, str)
} | {"no_data", "battery_low", "battery_critical", "camera_unusable"}


@pytest.mark.parametrize("locale", list(Locale))
def test_everything_that_people_are_told_has_words(locale: Locale) -> None:
    words: list[StrEnum] = [*CaseEvent, *Channel, *NoticeLevel, *MessageState]
    assert all(CATALOGUE.word(word, locale) for word in words)
    assert len(REASONS) == 11
    assert all(CATALOGUE.text(f"alert_reason.{reason}", locale) for reason in REASONS)
    for occasion in Occasion:
        for part in ("title", "text"):
            assert CATALOGUE.pattern(f"notice.{occasion}.{part}", locale)


def test_a_crew_reads_where_what_and_until_when(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.the_case()
    message = rig.book.messages(case.case_id)[0]
    assert message.title == "新任务 20260303-0001：垃圾满溢"
    assert "plain号点" in message.text
    assert "08:40" in message.text


def test_a_crew_hears_of_every_end_of_its_task_but_gets_no_link_to_it(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    case = rig.move(rig.the_case(), CaseAction.ACCEPT, Actor.CREW)
    case = rig.move(
        case,
        CaseAction.RETURN_TO_DISPATCHER,
        Actor.DISPATCHER,
        note="应由市场方处置",
        approved_by="chief",
    )
    assert case.state is CaseState.RETURNED
    withdrawn = rig.book.messages(case.case_id)[-1]
    assert (withdrawn.level, withdrawn.link) == (NoticeLevel.CLOSED, None)
