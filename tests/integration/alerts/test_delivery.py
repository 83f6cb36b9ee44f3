from alerts.case_records import CaseEvent
from alerts.notifier import DeliveryRefusedError, DeliveryUnknownError, Message
from alerts.outbox import Channel, MessageState, OutboxMessage
from domain.cases import Actor, CaseAction
from domain.changes import ChangeKind
from domain.records import VerdictState
from tests.fakes.alerts_rig import AlertsRig
from tests.fakes.recording_notifier import RecordingNotifier


def _down() -> DeliveryRefusedError:
    return DeliveryRefusedError(permanent=False, code="http_503")


def _new_message(rig: AlertsRig) -> OutboxMessage:
    messages = rig.book.messages(rig.the_case().case_id)
    (message,) = [m for m in messages if m.channel is Channel.WEBHOOK and m.occasion == "new"]
    return message


def test_a_message_is_delivered_once_and_says_so(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    rig.deliver()
    rig.deliver()
    (message,) = rig.phone.received
    assert message.recipient == "crew-place"
    assert message.address == "http://127.0.0.1:1/phone/crew-place"
    assert "20260303-0001" in message.title
    assert message.link is not None
    token = message.link.rpartition("/")[2]
    assert rig.links.read(token).case_id == rig.the_case().case_id
    assert not message.repeat
    assert _new_message(rig).state is MessageState.DELIVERED


def test_the_console_gets_one_notice_that_names_the_message(rig: AlertsRig) -> None:
    rig.level("only", 0.95, 0.95)
    rig.deliver()
    (notice,) = [c for c in rig.book.changes(0) if c.kind is ChangeKind.NOTICE]
    message = rig.book.message(notice.subject_id)
    assert message is not None
    assert (message.channel, message.occasion) == (Channel.CONSOLE, "new")


def test_a_refused_message_is_tried_again_unmarked_with_growing_waits(rig: AlertsRig) -> None:
    rig.phone = RecordingNotifier([_down(), _down()])
    rig.restart()
    rig.level("only", 0.95, 0.95)
    rig.deliver()
    rig.deliver()
    assert len(rig.phone.attempts) == 1
    rig.clock.advance(seconds=0.5)
    rig.deliver()
    assert len(rig.phone.attempts) == 2
    rig.clock.advance(seconds=0.4)
    rig.deliver()
    assert len(rig.phone.attempts) == 2
    rig.clock.advance(seconds=0.6)
    rig.deliver()
    (message,) = rig.phone.received
    assert not message.repeat
    assert _new_message(rig).attempts == 3


def test_an_unknown_outcome_is_sent_again_marked_as_a_repeat(rig: AlertsRig) -> None:
    rig.phone = RecordingNotifier([DeliveryUnknownError(code="arrived")])
    rig.restart()
    rig.level("only", 0.95, 0.95)
    rig.deliver()
    rig.clock.advance(seconds=1)
    rig.deliver()
    assert [m.repeat for m in rig.phone.received] == [False, True]
    assert len({m.message_id for m in rig.phone.received}) == 1
    assert len({m.key for m in rig.phone.received}) == 1


def test_a_refusal_after_an_unknown_outcome_keeps_the_mark(rig: AlertsRig) -> None:
    rig.phone = RecordingNotifier([DeliveryUnknownError(code="arrived"), _down()])
    rig.restart()
    rig.level("only", 0.95, 0.95)
    for _ in range(3):
        rig.deliver()
        rig.clock.advance(seconds=5)
    assert [m.repeat for m in rig.phone.received] == [False, True]


def test_a_message_refused_for_good_is_shown_and_escalated(rig: AlertsRig) -> None:
    rig.phone = RecordingNotifier([DeliveryRefusedError(permanent=True, code="code_93000")])
    rig.restart()
    rig.level("only", 0.95, 0.95)
    rig.deliver()
    message = _new_message(rig)
    assert (message.state, message.last_error) == (MessageState.REFUSED, "code_93000")
    assert rig.book.undelivered_messages() == [message]
    case = rig.the_case()
    assert case.escalation_level == 1
    assert rig.book.log(case.case_id)[-1].action is CaseEvent.UNDELIVERED
    assert rig.told(case, Channel.CONSOLE) == ["new", "escalation-1"]


def test_an_endpoint_that_stays_down_is_shown_but_still_tried(rig: AlertsRig) -> None:
    rig.phone = RecordingNotifier([_down()] * 6)
    rig.restart()
    rig.level("only", 0.95, 0.95)
    for _ in range(4):
        rig.deliver()
        rig.clock.advance(seconds=60)
    assert _new_message(rig).undelivered
    assert rig.book.undelivered_messages() == [_new_message(rig)]
    assert rig.the_case().escalation_level == 1
    for _ in range(3):
        rig.deliver()
        rig.clock.advance(seconds=60)
    assert _new_message(rig).state is MessageState.DELIVERED
    assert rig.book.undelivered_messages() == []


def test_a_message_that_failed_and_whose_case_has_ended_is_obsolete_not_sent(
    rig: AlertsRig,
) -> None:
    rig.phone = RecordingNotifier([_down()])
    rig.restart()
    rig.level("only", 0.95, 0.95)
    rig.deliver()
    case = rig.the_case()
    rig.move(case, CaseAction.VOID, Actor.INSPECTOR, note="误报", approved_by="chief")
    rig.clock.advance(seconds=60)
    rig.deliver()
    states = {m.occasion: m.state for m in rig.book.messages(case.case_id)}
    assert states["withdrawn-4"] is MessageState.DELIVERED
    assert [m.level for m in rig.phone.received] == ["closed"]


def test_messages_to_one_recipient_keep_their_order_across_failures(rig: AlertsRig) -> None:
    rig.phone = RecordingNotifier([_down()])
    rig.restart()
    rig.level("only", 0.95, 0.95)
    rig.deliver()
    rig.look(overflow=VerdictState.PRESENT, times=2, every_min=0.001)
    for _ in range(3):
        rig.deliver()
        rig.clock.advance(seconds=2)
    assert [m.key for m in rig.phone.received] == [
        "plain/bin_overflow/1/new",
        "watched/bin_overflow/1/new",
    ]


def test_an_adapter_that_slips_does_not_hold_up_the_lane(rig: AlertsRig) -> None:
    class Slipping(RecordingNotifier):
        def send(self, message: Message) -> None:
            if not self.attempts:
                self.attempts.append(message)
                msg = "a slip"
                raise RuntimeError(msg)
            super().send(message)

    rig.phone = Slipping()
    rig.restart()
    rig.level("only", 0.95, 0.95)
    rig.deliver()
    rig.clock.advance(seconds=1)
    rig.deliver()
    assert [m.repeat for m in rig.phone.received] == [True]
