"""A crew's phone takes exactly the message that the centre promises, and nothing else."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from firmware_sim.phone_inbox import (
    ACCEPTED,
    MOST_DELIVERIES,
    MessageLevel,
    MessageRefusal,
    PhoneFault,
    RefusedMessageError,
    UnknownPhoneError,
)
from tests.fakes.simulator_rig import SimulatorRig, simulator_rig

CREW_ID = "crew-visitor"


def message(message_id: str = "m-1", changes: Mapping[str, object] | None = None) -> bytes:
    values: dict[str, object] = {
        "schema": 1,
        "message_id": message_id,
        "key": "case-1/new",
        "to": CREW_ID,
        "title": "新任务",
        "text": "东关菜市场:垃圾满溢",
        "link": "http://127.0.0.1:8000/c/token",
        "level": "new",
        "repeat": False,
        "sent_at": "2026-03-03T00:31:00Z",
    }
    values |= changes or {}
    return json.dumps({key: value for key, value in values.items() if value != "absent"}).encode()


@pytest.fixture
def rig() -> SimulatorRig:
    return simulator_rig()


def refusal_of(rig: SimulatorRig, body: bytes, key: str | None = "m-1") -> MessageRefusal:
    with pytest.raises(RefusedMessageError) as caught:
        rig.inbox.receive(CREW_ID, body, key)
    return caught.value.refusal


def test_a_message_is_kept_with_its_time(rig: SimulatorRig) -> None:
    assert rig.inbox.receive(CREW_ID, message(), "m-1") == ACCEPTED
    (delivery,) = rig.inbox.deliveries(CREW_ID)
    assert delivery.received_at == rig.clock.now()
    assert delivery.message.level is MessageLevel.NEW
    assert delivery.message.sent_at == datetime(2026, 3, 3, 0, 31, tzinfo=UTC)


def test_a_repeated_message_is_one_message_with_copies(rig: SimulatorRig) -> None:
    for _ in range(3):
        assert rig.inbox.receive(CREW_ID, message(), "m-1") == ACCEPTED
    assert [delivery.copies for delivery in rig.inbox.deliveries(CREW_ID)] == [3]
    assert rig.counted("phone_messages", result="accepted") == 1
    assert rig.counted("phone_messages", result="repeated") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"schema": "1"},
        {"level": "party"},
        {"repeat": "no"},
        {"link": 3},
        {"sent_at": "2026-03-03T00:31:00"},
        {"sent_at": "yesterday"},
        {"title": ""},
        {"title": "x" * 201},
        {"text": "x" * 4001},
        {"message_id": ""},
        {"surprise": 1},
        {"key": "absent"},
        {"link": "absent"},
    ],
    ids=str,
)
def test_what_is_not_the_promised_message_is_refused(
    rig: SimulatorRig, changes: dict[str, object]
) -> None:
    assert refusal_of(rig, message("m-1", changes)) is MessageRefusal.UNREADABLE
    assert rig.inbox.deliveries(CREW_ID) == ()
    assert rig.counted("phone_messages", result="unreadable") == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 5000])
def test_no_body_harms_the_phone(rig: SimulatorRig, body: bytes) -> None:
    assert refusal_of(rig, body) is MessageRefusal.UNREADABLE


def test_a_message_for_another_crew_is_refused(rig: SimulatorRig) -> None:
    assert refusal_of(rig, message("m-1", {"to": "crew-xihe"})) is MessageRefusal.OTHER_PHONE


@pytest.mark.parametrize("key", [None, "m-2"])
def test_the_idempotency_key_must_be_the_message_id(rig: SimulatorRig, key: str | None) -> None:
    assert refusal_of(rig, message(), key) is MessageRefusal.KEY_MISMATCH


def test_a_link_that_a_phone_must_not_open_is_refused(rig: SimulatorRig) -> None:
    link = "javascript:alert(1)"
    assert refusal_of(rig, message("m-1", {"link": link})) is MessageRefusal.FOREIGN_LINK


def test_an_unknown_phone_is_an_error(rig: SimulatorRig) -> None:
    with pytest.raises(UnknownPhoneError):
        rig.inbox.receive("crew-nobody", message(), "m-1")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (PhoneFault.SERVER_ERROR, 500, -1),
        (PhoneFault.RATE_LIMITED, 200, 45009),
    ],
)
def test_a_phone_at_fault_keeps_nothing_and_says_so(
    rig: SimulatorRig, fault: PhoneFault, status: int, code: int
) -> None:
    rig.inbox.set_fault(CREW_ID, fault)
    answer = rig.inbox.receive(CREW_ID, message(), "m-1")
    assert (answer.status, answer.code) == (status, code)
    assert rig.inbox.deliveries(CREW_ID) == ()
    rig.inbox.set_fault(CREW_ID, PhoneFault.NONE)
    assert rig.inbox.receive(CREW_ID, message(), "m-1") == ACCEPTED


def test_a_time_out_loses_the_answer_and_not_the_message(rig: SimulatorRig) -> None:
    rig.inbox.set_fault(CREW_ID, PhoneFault.TIMEOUT)
    answer = rig.inbox.receive(CREW_ID, message(), "m-1")
    assert answer.hold_s > 0
    assert answer.status == 504
    rig.inbox.set_fault(CREW_ID, PhoneFault.NONE)
    rig.inbox.receive(CREW_ID, message("m-1", {"repeat": True}), "m-1")
    assert [delivery.copies for delivery in rig.inbox.deliveries(CREW_ID)] == [2]


def test_unread_counts_what_nobody_has_seen(rig: SimulatorRig) -> None:
    for number in range(3):
        rig.inbox.receive(CREW_ID, message(f"m-{number}"), f"m-{number}")
    rig.inbox.mark_read(CREW_ID, through=2)
    assert rig.inbox.unread(CREW_ID) == 1
    rig.inbox.mark_read(CREW_ID, through=1)
    assert rig.inbox.unread(CREW_ID) == 1
    rig.inbox.mark_read(CREW_ID, through=99)
    rig.inbox.receive(CREW_ID, message("m-3"), "m-3")
    assert rig.inbox.unread(CREW_ID) == 1


def test_an_old_message_falls_out_of_a_full_phone(rig: SimulatorRig) -> None:
    for number in range(MOST_DELIVERIES + 1):
        rig.inbox.receive(CREW_ID, message(f"m-{number}"), f"m-{number}")
    deliveries = rig.inbox.deliveries(CREW_ID)
    assert len(deliveries) == MOST_DELIVERIES
    assert deliveries[0].message.message_id == "m-1"
    assert rig.inbox.deliveries(CREW_ID, after=deliveries[-2].position) == deliveries[-1:]
