"""What is called out to a dispatcher: new cases, and what the rules escalate."""

from dataclasses import dataclass

from alerts.outbox import NoticeLevel
from api.console.live import News
from api.console.view_models.cases import place_name
from api.console.words import Words
from domain.cases import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Toast:
    """One line with where it leads."""

    text: str
    href: str


def toasts(news: News, words: Words) -> tuple[Toast, ...]:
    """Return what to call out, in the reader's language; a new case once, not once more as a
    message.
    """
    new = [_toast(case, words.say("new_case"), news, words) for case in news.new_cases]
    known = {case.case_id: case for case in news.situation.open_cases}
    told = [
        _toast(known[message.case_id], words.word(message.level), news, words)
        for message in news.notices
        if message.level is not NoticeLevel.NEW and message.case_id in known
    ]
    return (*new, *told)


def _toast(case: Case, head: str, news: News, words: Words) -> Toast:
    place = place_name(case.place_id, news.situation.registry, words)
    problem = words.word(case.problem_class)
    return Toast(
        text=words.say("toast", head=head, problem=problem, place=place, number=case.number),
        href=f"/cases/{case.case_id}",
    )
