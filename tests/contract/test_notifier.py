"""What every notifier promises: it returns when the message was taken, and names each failure."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from alerts.case_database import SqliteCases
from alerts.notifier import DeliveryRefusedError, DeliveryUnknownError, Message, Notifier
from alerts.notifiers.address_guard import AddressGuard
from alerts.notifiers.console import ConsoleNotifier
from alerts.notifiers.webhook import LARGEST_ANSWER_BYTES, WebhookNotifier
from alerts.outbox import NoticeLevel
from domain.changes import ChangeKind
from tests.fakes.alerts_rig import AlertsRig, open_alerts_rig
from tests.fakes.recording_notifier import RecordingNotifier

Handler = Callable[[httpx.Request], httpx.Response]


def _message(case_id: str = "case-20260303-0001", *, address: str | None = "http://x/p") -> Message:
    return Message(
        message_id="a" * 32,
        key="only/bin_overflow/1/new",
        case_id=case_id,
        recipient="crew-place",
        address=address,
        level=NoticeLevel.NEW,
        title="新任务",
        text="请处置",
        link="http://127.0.0.1:8000/c/token",
        repeat=False,
        sent_at=datetime(2026, 3, 3, 1, 2, 3, tzinfo=UTC),
    )


def _web(handler: Handler) -> WebhookNotifier:
    return WebhookNotifier(transport=httpx.MockTransport(handler))


def _answering(status: int, body: object) -> Handler:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _: httpx.Response(status, content=content)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[AlertsRig]:
    with open_alerts_rig(SqliteCases(tmp_path / "cases.db")) as opened:
        opened.level("only", 0.95, 0.95)
        yield opened


@pytest.fixture(params=["webhook", "console", "recording"])
def notifier(request: pytest.FixtureRequest, rig: AlertsRig) -> Iterator[Notifier]:
    made: dict[str, Callable[[], Notifier]] = {
        "webhook": lambda: _web(_answering(200, {"code": 0})),
        "console": lambda: ConsoleNotifier(rig.store),
        "recording": RecordingNotifier,
    }
    opened = made[request.param]()
    yield opened
    opened.close()


def test_a_message_that_is_taken_raises_nothing(notifier: Notifier, rig: AlertsRig) -> None:
    notifier.send(_message(rig.the_case().case_id))


def test_the_console_shows_a_message_sent_twice_once(rig: AlertsRig) -> None:
    notifier = ConsoleNotifier(rig.store)
    for _ in range(2):
        notifier.send(_message(rig.the_case().case_id))
    notices = [c for c in rig.book.changes(0) if c.kind is ChangeKind.NOTICE]
    assert [c.subject_id for c in notices] == ["a" * 32]


def test_the_console_refuses_a_message_about_no_case(rig: AlertsRig) -> None:
    with pytest.raises(DeliveryRefusedError) as refusal:
        ConsoleNotifier(rig.store).send(_message("case-20200101-0001"))
    assert refusal.value.permanent


def test_the_posted_body_is_the_agreed_one() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"errcode": 0})

    _web(handler).send(_message())
    (request,) = seen
    assert request.method == "POST"
    assert request.headers["Idempotency-Key"] == "a" * 32
    assert json.loads(request.content) == {
        "schema": 1,
        "message_id": "a" * 32,
        "key": "only/bin_overflow/1/new",
        "to": "crew-place",
        "title": "新任务",
        "text": "请处置",
        "link": "http://127.0.0.1:8000/c/token",
        "level": "new",
        "repeat": False,
        "sent_at": "2026-03-03T01:02:03Z",
    }


@pytest.mark.parametrize(
    ("status", "body", "permanent", "code"),
    [
        (200, {"errcode": 45009}, False, "code_45009"),
        (200, {"errcode": 130101}, False, "code_130101"),
        (200, {"code": 11232}, False, "code_11232"),
        (200, {"errcode": 310000}, True, "code_310000"),
        (200, {"errcode": 93000}, True, "code_93000"),
        (200, {"code": "0"}, False, "code_unreadable"),
        (200, {"code": False}, False, "code_unreadable"),
        (500, {"code": 0}, False, "http_500"),
        (503, b"", False, "http_503"),
        (429, b"", False, "http_429"),
        (404, {"code": 0}, True, "http_404"),
        (302, b"", True, "http_302"),
    ],
)
def test_an_answer_that_is_no_yes_is_a_refusal(
    status: int,
    body: object,
    permanent: bool,  # noqa: FBT001  a column of the table above
    code: str,
) -> None:
    with pytest.raises(DeliveryRefusedError) as refusal:
        _web(_answering(status, body)).send(_message())
    assert (refusal.value.permanent, refusal.value.code) == (permanent, code)
    assert refusal.value.of_address == (code in {"code_93000", "http_404"})


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>ok</html>", "unreadable_answer"),
        (200, b"[" * 20_000, "unreadable_answer"),
        (200, {}, "no_code"),
        (200, [0], "no_code"),
        (200, b" " * (LARGEST_ANSWER_BYTES + 1), "answer_too_long"),
        (504, b"", "http_504"),
    ],
)
def test_an_answer_that_tells_nothing_leaves_the_outcome_unknown(
    status: int, body: object, code: str
) -> None:
    with pytest.raises(DeliveryUnknownError) as doubt:
        _web(_answering(status, body)).send(_message())
    assert doubt.value.code == code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("refused"), DeliveryRefusedError),
        (httpx.ConnectTimeout("no answer"), DeliveryRefusedError),
        (httpx.ReadTimeout("hung"), DeliveryUnknownError),
        (httpx.ReadError("reset after accept"), DeliveryUnknownError),
        (httpx.RemoteProtocolError("half an answer"), DeliveryUnknownError),
    ],
)
def test_only_what_cannot_have_arrived_is_a_refusal(
    error: Exception, expected: type[Exception]
) -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(expected):
        _web(handler).send(_message())


def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(307, headers={"Location": "http://169.254.169.254/"})

    with pytest.raises(DeliveryRefusedError):
        _web(handler).send(_message())
    assert asked == ["http://x/p"]


@pytest.mark.parametrize("address", [None, "file:///etc/passwd", "http://"])
def test_an_address_that_is_none_is_refused_for_good(address: str | None) -> None:
    notifier = WebhookNotifier()
    try:
        with pytest.raises(DeliveryRefusedError) as refusal:
            notifier.send(_message(address=address))
    finally:
        notifier.close()
    assert refusal.value.permanent
    assert refusal.value.of_address


def test_a_private_address_is_refused_for_good_and_an_allowed_one_reached_as_it_was_checked() -> (
    None
):
    asked: list[tuple[str, str, object]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        name = request.extensions.get("sni_hostname")
        asked.append((str(request.url), request.headers["Host"], name))
        return httpx.Response(200, json={"code": 0})

    def notifier(*allowed: str) -> WebhookNotifier:
        guard = AddressGuard(allowed, resolve=lambda _host, _port: ["10.1.2.3"])
        return WebhookNotifier(guard=guard, transport=httpx.MockTransport(handler))

    message = _message(address="https://relay.example:8443/p?q=1")
    with pytest.raises(DeliveryRefusedError) as refusal:
        notifier().send(message)
    assert (refusal.value.permanent, refusal.value.code) == (True, "address_not_allowed")
    assert asked == []
    notifier("10.0.0.0/8").send(message)
    assert asked == [("https://10.1.2.3:8443/p?q=1", "relay.example:8443", "relay.example")]


def test_a_name_that_cannot_be_looked_up_is_tried_again() -> None:
    def fails(host: str, port: int) -> list[str]:
        raise OSError(host)

    notifier = WebhookNotifier(guard=AddressGuard([], resolve=fails))
    try:
        with pytest.raises(DeliveryRefusedError) as refusal:
            notifier.send(_message(address="http://relay.example/p"))
    finally:
        notifier.close()
    assert (refusal.value.permanent, refusal.value.code) == (False, "unreachable")
