"""A storm of messages to one address: gathered beyond its budget, none lost, none told twice."""

from itertools import chain

import pytest
from sqlalchemy import select

from alerts.notifier import DeliveryRefusedError, DeliveryUnknownError, Message
from alerts.outbox import Channel, MessageState, Notice, NoticeLevel, post
from alerts.schema import address_posts
from domain.changes import ChangeKind
from tests.fakes.alerts_rig import AlertsRig
from tests.fakes.recording_notifier import RecordingNotifier

PER_MINUTE = 10
AT_ONCE = 6


@pytest.fixture
def limited(rig: AlertsRig) -> AlertsRig:
    rig.posts_per_minute = PER_MINUTE
    rig.restart()
    return rig


def name_of(number: int) -> str:
    return f"task {number:03d}"


def put(rig: AlertsRig, *numbers: int, level: NoticeLevel = NoticeLevel.NEW) -> None:
    with rig.workshop.begin() as work:
        for number in numbers:
            notice = Notice(
                case_id=f"case-{number}",
                episode=f"episode-{number}",
                occasion=str(level),
                channel=Channel.WEBHOOK,
                recipient="crew-place",
                level=level,
                title=name_of(number),
                text="",
                link=f"http://127.0.0.1/c/{number}",
            )
            post(work.connection, notice, store_id="test", now=work.now)


def fill_up(rig: AlertsRig) -> None:
    """Send as many as go at once."""
    put(rig, *range(AT_ONCE))
    rig.deliver()


def states(rig: AlertsRig, *numbers: int) -> set[MessageState]:
    found = chain.from_iterable(rig.book.messages(f"case-{number}") for number in numbers)
    return {message.state for message in found}


def titles(rig: AlertsRig) -> list[str]:
    return [message.title for message in rig.phone.received]


def test_a_storm_goes_out_at_once_in_few_posts_and_tells_each_message_once(
    limited: AlertsRig,
) -> None:
    put(limited, *range(50))
    limited.deliver()
    assert titles(limited) == ["10 条消息"] * 5
    told = "\n".join(message.text for message in limited.phone.received)
    assert [told.count(name_of(number)) for number in range(50)] == [1] * 50
    assert told.index(name_of(0)) < told.index(name_of(49))
    assert f"{name_of(49)}\nhttp://127.0.0.1/c/49" in told
    assert states(limited, *range(50)) == {MessageState.DELIVERED}


def test_what_trickles_in_goes_at_once_until_the_budget_is_scarce_and_is_then_gathered(
    limited: AlertsRig,
) -> None:
    for second in range(70):
        put(limited, second)
        limited.deliver()
        limited.clock.advance(seconds=1)
    limited.clock.advance(seconds=60)
    limited.deliver()
    assert titles(limited)[:AT_ONCE] == [name_of(number) for number in range(AT_ONCE)]
    assert len(limited.phone.received) <= 3 * PER_MINUTE
    told = "\n".join(f"{message.title}\n{message.text}" for message in limited.phone.received)
    assert [told.count(name_of(number)) for number in range(70)] == [1] * 70
    assert states(limited, *range(70)) == {MessageState.DELIVERED}


def test_an_escalation_in_a_storm_goes_at_once_and_stands_first(limited: AlertsRig) -> None:
    fill_up(limited)
    put(limited, *range(AT_ONCE, AT_ONCE + 3))
    limited.deliver()
    assert states(limited, AT_ONCE) == {MessageState.WAITING}
    put(limited, 99, level=NoticeLevel.ESCALATION)
    limited.deliver()
    newest = limited.phone.received[-1]
    assert len(limited.phone.received) == AT_ONCE + 1
    assert newest.level is NoticeLevel.ESCALATION
    assert newest.text.startswith(name_of(99))
    assert states(limited, 99, *range(AT_ONCE + 3)) == {MessageState.DELIVERED}


@pytest.mark.parametrize(
    ("answer", "repeat"),
    [
        (DeliveryRefusedError(permanent=False, code="http_503"), False),
        (DeliveryUnknownError(code="timeout"), True),
    ],
    ids=["refused", "unknown"],
)
def test_what_was_gathered_and_not_taken_is_tried_again_whole(
    limited: AlertsRig, answer: DeliveryRefusedError | DeliveryUnknownError, *, repeat: bool
) -> None:
    limited.phone = RecordingNotifier([None] * AT_ONCE + [answer])
    limited.restart()
    fill_up(limited)
    put(limited, *range(AT_ONCE, AT_ONCE + 4))
    for _ in range(2):
        limited.clock.advance(seconds=60 / (PER_MINUTE - AT_ONCE))
        limited.deliver()
    *_, failed, digest = limited.phone.attempts
    assert digest.message_id == failed.message_id
    assert (failed.repeat, digest.repeat) == (False, repeat)
    assert all(name_of(number) in digest.text for number in range(AT_ONCE, AT_ONCE + 4))
    assert states(limited, *range(AT_ONCE + 4)) == {MessageState.DELIVERED}


def test_what_was_gathered_and_an_address_is_gone_for_is_refused_at_once(
    limited: AlertsRig,
) -> None:
    refusal = DeliveryRefusedError(permanent=True, code="http_410", of_address=True)
    limited.phone = RecordingNotifier([None] * AT_ONCE + [refusal])
    limited.restart()
    fill_up(limited)
    late = range(AT_ONCE, AT_ONCE + 4)
    put(limited, *late)
    for _ in range(2):
        limited.clock.advance(seconds=60 / (PER_MINUTE - AT_ONCE))
        limited.deliver()
    assert len(limited.phone.attempts) == AT_ONCE + 1
    assert states(limited, *late) == {MessageState.REFUSED}
    assert states(limited, *range(AT_ONCE)) == {MessageState.DELIVERED}


def test_what_a_crash_left_half_sent_is_sent_again_as_a_repeat(limited: AlertsRig) -> None:
    put(limited, *range(2 * AT_ONCE))

    class Ended(BaseException):
        """The process ends while it posts."""

    class Ending(RecordingNotifier):
        def send(self, message: Message) -> None:
            self.attempts.append(message)
            raise Ended

    limited.phone = Ending()
    limited.restart()
    with pytest.raises(Ended):
        limited.deliver()
    limited.phone = RecordingNotifier()
    limited.restart()
    limited.deliver()
    assert [message.repeat for message in limited.phone.received] == [True, False, False]
    assert states(limited, *range(2 * AT_ONCE)) == {MessageState.DELIVERED}


def test_the_console_has_no_budget(limited: AlertsRig) -> None:
    fill_up(limited)
    limited.level("only", 0.95, 0.95)
    limited.deliver()
    assert limited.told(limited.the_case(), Channel.CONSOLE) == ["new"]
    (notice,) = [c for c in limited.book.changes(0) if c.kind is ChangeKind.NOTICE]
    assert states(limited, *range(AT_ONCE)) == {MessageState.DELIVERED}
    assert notice.values["case_id"] == limited.the_case().case_id


def test_a_process_that_is_started_again_and_again_keeps_to_the_budget_and_gets_through(
    limited: AlertsRig,
) -> None:
    posted_at: list[int] = []
    for second in range(0, 180, 6):
        if second < 120:
            put(limited, second, second + 1)
        limited.deliver()
        posted_at += [second] * (len(limited.phone.received) - len(posted_at))
        limited.clock.advance(seconds=6)
        limited.restart()
    most = max(sum(begin <= at < begin + 60 for at in posted_at) for begin in posted_at)
    assert AT_ONCE < most <= PER_MINUTE
    assert states(limited, *range(0, 120, 6), *range(1, 120, 6)) == {MessageState.DELIVERED}


def test_a_post_that_a_crash_cut_off_counts(limited: AlertsRig) -> None:
    class Ended(BaseException):
        """The process ends while it posts."""

    class Ending(RecordingNotifier):
        def send(self, message: Message) -> None:
            self.attempts.append(message)
            raise Ended

    put(limited, 1, 2, level=NoticeLevel.ESCALATION)
    limited.phone = Ending()
    for _ in range(PER_MINUTE):
        limited.restart()
        with pytest.raises(Ended):
            limited.deliver()
    limited.restart()
    limited.deliver()
    assert len(limited.phone.attempts) == PER_MINUTE
    limited.clock.advance(seconds=60)
    with pytest.raises(Ended):
        limited.deliver()


def test_a_clock_that_was_set_back_frees_no_posts_and_blocks_none_for_long(
    limited: AlertsRig,
) -> None:
    put(limited, *range(3), level=NoticeLevel.ESCALATION)
    limited.deliver()
    limited.clock.step(minutes=-1, seconds=1)
    limited.restart()
    put(limited, *range(10, 10 + PER_MINUTE), level=NoticeLevel.ESCALATION)
    limited.deliver()
    fill_up(limited)
    assert len(limited.phone.received) <= PER_MINUTE
    limited.clock.step(days=-400)
    limited.restart()
    put(limited, 99)
    limited.deliver()
    assert states(limited, 99) == {MessageState.DELIVERED}


def test_no_address_is_written_where_its_posts_are_kept(limited: AlertsRig) -> None:
    put(limited, 1)
    limited.deliver()
    with limited.store.transaction() as connection:
        (row,) = connection.execute(select(address_posts)).all()
    assert "127.0.0.1" not in repr(row)


def test_posts_that_count_no_more_are_forgotten(limited: AlertsRig) -> None:
    for number in range(5):
        put(limited, number)
        limited.deliver()
        limited.clock.advance(minutes=2)
    with limited.store.transaction() as connection:
        assert len(connection.execute(select(address_posts)).all()) == 1
