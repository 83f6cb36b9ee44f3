"""The centre's web-hook channel and the simulated phone agree on messages and answers."""

from collections.abc import Iterator

import pytest

from alerts.notifier import DeliveryRefusedError, DeliveryUnknownError, Message
from alerts.notifiers.webhook import WebhookNotifier
from alerts.outbox import NoticeLevel
from firmware_sim.http_app import create_simulator_app
from firmware_sim.phone_inbox import PhoneFault
from tests.fakes.http_client import TestClient
from tests.fakes.simulator_rig import SimulatorRig, simulator_rig

CREW_ID = "crew-visitor"


@pytest.fixture
def rig() -> SimulatorRig:
    return simulator_rig()


@pytest.fixture
def notifier(rig: SimulatorRig) -> Iterator[WebhookNotifier]:
    with TestClient(create_simulator_app(rig.parts)) as client:
        notifier = WebhookNotifier(transport=client._transport)
        yield notifier
        notifier.close()


def message(rig: SimulatorRig, level: NoticeLevel = NoticeLevel.NEW) -> Message:
    return Message(
        message_id=f"message-{level}",
        key=f"case-1/{level}",
        case_id="case-1",
        recipient=CREW_ID,
        address=f"http://127.0.0.1:8010/phone/{CREW_ID}",
        level=level,
        title="新任务",
        text="东关:垃圾满溢",
        link=None if level is NoticeLevel.CLOSED else "http://127.0.0.1:8000/c/token",
        repeat=False,
        sent_at=rig.clock.now(),
    )


@pytest.mark.parametrize("level", NoticeLevel)
def test_every_kind_of_message_arrives_as_it_was_sent(
    rig: SimulatorRig, notifier: WebhookNotifier, level: NoticeLevel
) -> None:
    sent = message(rig, level)
    notifier.send(sent)
    (delivery,) = rig.inbox.deliveries(CREW_ID)
    assert delivery.message.message_id == sent.message_id
    assert delivery.message.level.value == sent.level.value
    assert (delivery.message.title, delivery.message.text) == (sent.title, sent.text)
    assert (delivery.message.link, delivery.message.sent_at) == (sent.link, sent.sent_at)


@pytest.mark.parametrize(
    ("fault", "code"),
    [(PhoneFault.SERVER_ERROR, "http_500"), (PhoneFault.RATE_LIMITED, "code_45009")],
)
def test_a_refusal_is_understood_as_one_that_may_pass(
    rig: SimulatorRig, notifier: WebhookNotifier, fault: PhoneFault, code: str
) -> None:
    rig.inbox.set_fault(CREW_ID, fault)
    with pytest.raises(DeliveryRefusedError) as caught:
        notifier.send(message(rig))
    assert (caught.value.code, caught.value.permanent) == (code, False)
    assert rig.inbox.deliveries(CREW_ID) == ()


def test_a_lost_answer_leaves_the_sender_in_doubt_though_the_message_is_there(
    rig: SimulatorRig, notifier: WebhookNotifier
) -> None:
    rig.inbox.set_fault(CREW_ID, PhoneFault.TIMEOUT)
    with pytest.raises(DeliveryUnknownError):
        notifier.send(message(rig))
    assert len(rig.inbox.deliveries(CREW_ID)) == 1
