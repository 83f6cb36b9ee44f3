"""The console reads what the desk has committed."""

from pathlib import Path

from alerts.notifier import Message
from alerts.notifiers.console import ConsoleNotifier
from alerts.outbox import Channel, NoticeLevel
from api.console.history_when_there import NOT_ASKED_AGAIN_FOR_S, HistoryWhenThere
from api.console.situation import SituationReader
from domain.cases import Actor, CaseAction, CaseState
from tests.fakes.centre_rig import CentreRig, open_centre
from tests.fakes.console_samples import REGISTRY, fill


def reader_of(centre: CentreRig) -> SituationReader:
    return SituationReader(
        clock=centre.clock,
        registry=centre.registry,
        book=centre.book,
        history=HistoryWhenThere(centre.history, centre.clock),
        qualities=centre.qualities,
    )


def test_a_reported_case_is_in_the_next_situation_and_moves_the_newest_change(
    tmp_path: Path,
) -> None:
    with open_centre(tmp_path, REGISTRY) as centre:
        reader = reader_of(centre)
        before = reader.read()
        case = centre.report("place-1")
        centre.history.add(fill(1, 0.5))
        after = reader.read()
        assert before.open_cases == ()
        assert [known.case_id for known in after.open_cases] == [case.case_id]
        assert after.newest_change > before.newest_change
        assert reader.newest_change() == after.newest_change
        assert after.newest_of("fill-1") == fill(1, 0.5)
        assert after.cases_at["place-1"][0].state is CaseState.DISPATCHED


def test_a_case_that_ended_is_no_longer_open(tmp_path: Path) -> None:
    with open_centre(tmp_path, REGISTRY) as centre:
        case = centre.report("place-1")
        centre.move(
            case, CaseAction.VOID, Actor.INSPECTOR, note="duplicate", approved_by="the head"
        )
        assert reader_of(centre).read().open_cases == ()


def test_while_the_readings_are_away_the_cases_are_there_and_the_situation_says_so(
    tmp_path: Path,
) -> None:
    with open_centre(tmp_path, REGISTRY) as centre:
        reader = reader_of(centre)
        centre.history.add(fill(1, 0.5))
        case = centre.report("place-1")
        centre.history.away = True
        cut_off = reader.read()
        centre.history.away = False
        centre.clock.advance(seconds=NOT_ASKED_AGAIN_FOR_S)
        again = reader.read()
    assert [known.case_id for known in cut_off.open_cases] == [case.case_id]
    assert (cut_off.readings_away, dict(cut_off.fill)) == (True, {})
    assert (again.readings_away, again.newest_of("fill-1")) == (False, fill(1, 0.5))


def test_only_messages_to_the_dispatchers_are_notices(tmp_path: Path) -> None:
    with open_centre(tmp_path, REGISTRY) as centre:
        reader = reader_of(centre)
        case = centre.report("place-1")
        messages = centre.book.messages(case.case_id)
        assert {message.channel for message in messages} == {Channel.CONSOLE, Channel.WEBHOOK}
        assert reader.notices(after=0) == ()
        _deliver_to_console(centre, case.case_id)
        (notice,) = reader.notices(after=0)
        assert (notice.channel, notice.level) == (Channel.CONSOLE, NoticeLevel.NEW)
        assert reader.notices(after=reader.newest_change()) == ()


def _deliver_to_console(centre: CentreRig, case_id: str) -> None:
    (waiting,) = (m for m in centre.book.messages(case_id) if m.channel is Channel.CONSOLE)
    ConsoleNotifier(centre.store).send(
        Message(
            message_id=waiting.message_id,
            key=waiting.message_id,
            case_id=case_id,
            recipient=waiting.recipient,
            address=None,
            level=waiting.level,
            title=waiting.title,
            text=waiting.text,
            link=None,
            repeat=False,
            sent_at=centre.clock.now(),
        )
    )
