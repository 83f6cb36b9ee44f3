"""A digest refused for what one message in it says costs that message only: real web hook."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.case_database import SqliteCases
from alerts.notifiers.webhook import WebhookNotifier
from alerts.outbox import Channel, MessageState, Notice, NoticeLevel, post
from tests.fakes.alerts_rig import AlertsRig, alerts_registry, open_alerts_rig
from tests.fakes.memory_registry import MemoryRegistry
from tests.recording_phone import RecordingPhone

PER_MINUTE = 10
AT_ONCE = 6
BAD = "of a kind nobody takes"

Phone = tuple[AlertsRig, RecordingPhone]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlertsRig]:
    """Over a file: what is tested here asks nothing of the store that others do not."""
    with open_alerts_rig(SqliteCases(tmp_path / "cases.db")) as opened:
        yield opened


@pytest.fixture
def connected(rig: AlertsRig) -> Iterator[Phone]:
    """A rig whose crew is reached by the real web hook, at a receiver on loopback."""
    phone = RecordingPhone()
    phone.start()
    registry = alerts_registry()
    crew = replace(registry.crews["crew-place"], webhook_url=phone.url)
    rig.registry = MemoryRegistry(replace(registry, crews={**registry.crews, crew.crew_id: crew}))
    rig.posts_per_minute = PER_MINUTE
    rig.web_hook = WebhookNotifier()
    rig.restart()
    yield rig, phone
    rig.web_hook.close()
    phone.stop()


def put(rig: AlertsRig, titles: Mapping[int, str], level: NoticeLevel = NoticeLevel.NEW) -> None:
    with rig.workshop.begin() as work:
        for number, title in titles.items():
            notice = Notice(
                case_id=f"case-{number}",
                episode=f"episode-{number}",
                occasion=str(level),
                channel=Channel.WEBHOOK,
                recipient="crew-place",
                level=level,
                title=title,
                text="",
            )
            post(work.connection, notice, store_id="test", now=work.now)


def refusing(status: int) -> Callable[[Mapping[str, Any]], int]:
    return lambda told: status if BAD in f"{told['title']}{told['text']}" else 200


def storm(rig: AlertsRig, count: int, *, bad: int) -> None:
    put(rig, {n: BAD if n == bad else f"task {n:03d}" for n in range(count)})


def let_pass(rig: AlertsRig, seconds: int) -> None:
    for _ in range(seconds):
        rig.deliver()
        rig.clock.advance(seconds=1)
    rig.deliver()


def state(rig: AlertsRig, number: int) -> MessageState:
    (message,) = rig.book.messages(f"case-{number}")
    return message.state


def singly(phone: RecordingPhone) -> list[str]:
    return [told["title"] for told in phone.messages if not told["key"].startswith("digest/")]


@pytest.mark.parametrize("status", [400, 413])
def test_one_message_that_nobody_takes_costs_only_itself(connected: Phone, status: int) -> None:
    rig, phone = connected
    phone.status_of = refusing(status)
    storm(rig, 10, bad=3)
    let_pass(rig, 120)
    good = [n for n in range(10) if n != 3]
    assert {state(rig, n) for n in good} == {MessageState.DELIVERED}
    assert state(rig, 3) is MessageState.REFUSED
    assert phone.messages[0]["key"].startswith("digest/")
    assert singly(phone) == [BAD if n == 3 else f"task {n:03d}" for n in range(10)]
    assert len({told["key"] for told in phone.messages}) == len(phone.messages) == 11
    assert not any(told["repeat"] for told in phone.messages)
    assert (
        rig.counted("huanwei_alerts_messages_total", {"channel": "webhook", "outcome": "refused"})
        == 1
    )


def test_what_came_after_a_refused_digest_waits_for_its_parts_and_is_gathered_again(
    connected: Phone,
) -> None:
    rig, phone = connected
    phone.status_of = refusing(422)
    storm(rig, 10, bad=0)
    rig.delivery.send_next()
    put(rig, {n: f"task {n:03d}" for n in range(10, 18)})
    let_pass(rig, 180)
    parts = [told["title"] for told in phone.messages[1:11]]
    assert parts == [BAD, *(f"task {n:03d}" for n in range(1, 10))]
    later = "\n".join(f"{told['title']}\n{told['text']}" for told in phone.messages[11:])
    assert [later.count(f"task {n:03d}") for n in range(18)] == [0] * 10 + [1] * 8
    assert any(told["key"].startswith("digest/") for told in phone.messages[11:])
    assert {state(rig, n) for n in range(1, 18)} == {MessageState.DELIVERED}


def test_the_parts_of_refused_digests_keep_to_the_budget(connected: Phone) -> None:
    rig, phone = connected
    phone.status_of = refusing(422)
    storm(rig, 30, bad=15)
    posted_at: list[int] = []
    for second in range(240):
        rig.deliver()
        posted_at += [second] * (len(phone.messages) - len(posted_at))
        rig.clock.advance(seconds=1)
    most = max(sum(begin <= at < begin + 60 for at in posted_at) for begin in posted_at)
    assert AT_ONCE < most <= PER_MINUTE
    assert [n for n in range(30) if state(rig, n) is not MessageState.DELIVERED] == [15]


def test_an_address_that_is_gone_is_not_asked_for_each_part(connected: Phone) -> None:
    rig, phone = connected
    phone.status_of = lambda _: 404
    storm(rig, 10, bad=3)
    let_pass(rig, 60)
    assert len(phone.messages) == 1
    assert {state(rig, n) for n in range(10)} == {MessageState.REFUSED}


def test_a_part_that_fails_for_now_is_tried_again_by_itself(connected: Phone) -> None:
    rig, phone = connected
    busy = iter([422, 503, 503])
    phone.status_of = lambda _: next(busy, 200)
    storm(rig, 8, bad=-1)
    let_pass(rig, 120)
    assert singly(phone) == ["task 000"] * 3 + [f"task {n:03d}" for n in range(1, 8)]
    assert {state(rig, n) for n in range(8)} == {MessageState.DELIVERED}


def test_a_restart_between_the_parts_loses_none_and_tells_none_twice(connected: Phone) -> None:
    rig, phone = connected
    phone.status_of = refusing(400)
    storm(rig, 10, bad=8)
    for _ in range(3):
        rig.delivery.send_next()
        rig.clock.advance(seconds=1)
    rig.restart()
    let_pass(rig, 180)
    assert state(rig, 8) is MessageState.REFUSED
    taken = [told for told in phone.messages if BAD not in f"{told['title']}{told['text']}"]
    told = "\n".join(f"{message['title']}\n{message['text']}" for message in taken)
    assert [told.count(f"task {n:03d}") for n in range(10)] == [1] * 8 + [0, 1]
