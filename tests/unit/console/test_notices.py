"""What is called out to a dispatcher."""

from dataclasses import replace

from alerts.outbox import NoticeLevel
from api.console.live import News
from api.console.view_models.notices import toasts
from tests.fakes.console_samples import CASE, situation, words
from tests.unit.console.test_case_page_view import MESSAGE
from texts.catalogue import Locale


def test_a_new_case_is_called_out_once_in_the_readers_language() -> None:
    news = News(situation=situation(cases=(CASE,)), new_cases=(CASE,), notices=(MESSAGE,))
    (toast,) = toasts(news, words())
    assert toast.text == "新案卷：垃圾满溢 · 人民路1号（20260303-0001）"
    assert toast.href == "/cases/case-1"
    (english,) = toasts(news, words(Locale.EN))
    assert english.text == "New case: Bin overflow · Renmin Road 1 (20260303-0001)"


def test_an_escalation_of_a_known_case_is_called_out_too() -> None:
    escalation = replace(MESSAGE, level=NoticeLevel.ESCALATION)
    news = News(situation=situation(cases=(CASE,)), notices=(escalation,))
    assert [toast.text[:2] for toast in toasts(news, words())] == ["升级"]


def test_a_message_about_a_case_that_has_ended_is_not_called_out() -> None:
    escalation = replace(MESSAGE, level=NoticeLevel.ESCALATION)
    assert toasts(News(situation=situation(), notices=(escalation,)), words()) == ()
