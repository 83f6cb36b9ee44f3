"""Web hooks: one POST a message, delivered when the receiver's own code says so.

An HTTP 200 alone proves nothing: the robots of the usual chat platforms answer 200 with an error
code in the body, and whoever takes that for success loses messages silently.
"""

import json
from collections.abc import Mapping
from datetime import UTC

import httpx

from alerts.notifier import DeliveryRefusedError, DeliveryUnknownError, Message
from alerts.notifiers.address_guard import AddressGuard, ForbiddenAddressError

SCHEMA = 1
DEADLINE_S = 5.0
LARGEST_ANSWER_BYTES = 64 * 1024

_NO_SUCH_ROBOT = 93000  # WeCom
_PERMANENT_CODES = frozenset(
    {
        _NO_SUCH_ROBOT,
        310000,  # DingTalk: keyword, signature or address list does not match
        19021,  # Feishu: signature or time stamp does not match
        19024,  # Feishu: keyword missing
    }
)
"""Codes of a wrong set-up. Any other code may be gone later (rate limits, their trouble)."""

_UNCLEAR_STATUSES = frozenset({502, 504})
_LATER_STATUSES = frozenset({408, 425, 429})
_OF_ADDRESS_STATUSES = frozenset({401, 404, 410})
_PORTS = {"http": 80, "https": 443}
_HTTP_OK, _HTTP_REDIRECT, _HTTP_CLIENT_ERROR, _HTTP_SERVER_ERROR = 200, 300, 400, 500


class WebhookNotifier:
    """Posts messages as JSON (``schema`` 1). Follows no redirect, reads no long answer.

    ``guard`` says which addresses may be reached; None: any. ``transport`` is for tests.
    """

    def __init__(
        self,
        *,
        guard: AddressGuard | None = None,
        transport: httpx.BaseTransport | None = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._guard = guard
        self._client = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(deadline_s),
            follow_redirects=False,
            trust_env=False,
        )

    def send(self, message: Message) -> None:
        """Post the message; see :class:`alerts.notifier.Notifier`."""
        if message.address is None:
            raise DeliveryRefusedError(permanent=True, code="no_address", of_address=True)
        try:
            status, body = self._post(message.address, message)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise DeliveryRefusedError(permanent=False, code="unreachable") from error
        except ForbiddenAddressError as error:
            raise DeliveryRefusedError(
                permanent=True, code="address_not_allowed", of_address=True
            ) from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise DeliveryRefusedError(
                permanent=True, code="bad_address", of_address=True
            ) from error
        except httpx.TimeoutException as error:
            raise DeliveryUnknownError(code="timeout") from error
        except httpx.HTTPError as error:
            raise DeliveryUnknownError(code="connection_lost") from error
        _judge(status, body)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, address: str, message: Message) -> tuple[int, bytes]:
        url, headers, extensions = self._checked(httpx.URL(address))
        with self._client.stream(
            "POST",
            url,
            json=body_of(message),
            headers={"Idempotency-Key": message.message_id, **headers},
            extensions=extensions,
        ) as response:
            body = bytearray()
            for chunk in response.iter_bytes(4096):
                body += chunk
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise DeliveryUnknownError(code="answer_too_long")
            return response.status_code, bytes(body)

    def _checked(self, url: httpx.URL) -> tuple[httpx.URL, dict[str, str], dict[str, str]]:
        """Return where to connect, and what still names the host: to the server and in TLS."""
        if self._guard is None or url.scheme not in _PORTS or not url.host:
            return url, {}, {}
        try:
            checked = self._guard.checked(url.host, url.port or _PORTS[url.scheme])
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from error
        host = {"Host": url.netloc.decode("ascii")}
        return url.copy_with(host=checked), host, {"sni_hostname": url.host}


def body_of(message: Message) -> Mapping[str, object]:
    """Return the JSON body that a web hook gets."""
    return {
        "schema": SCHEMA,
        "message_id": message.message_id,
        "key": message.key,
        "to": message.recipient,
        "title": message.title,
        "text": message.text,
        "link": message.link,
        "level": str(message.level),
        "repeat": message.repeat,
        "sent_at": message.sent_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }


def _judge(status: int, body: bytes) -> None:
    """Return if the receiver took the message, raise otherwise."""
    if status in _UNCLEAR_STATUSES:
        raise DeliveryUnknownError(code=f"http_{status}")
    if not _HTTP_OK <= status < _HTTP_REDIRECT:
        later = status >= _HTTP_SERVER_ERROR or status in _LATER_STATUSES
        raise DeliveryRefusedError(
            permanent=not later, code=f"http_{status}", of_address=status in _OF_ADDRESS_STATUSES
        )
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DeliveryUnknownError(code="unreadable_answer") from error
    code = answer.get("code", answer.get("errcode")) if isinstance(answer, dict) else None
    if code is None:
        raise DeliveryUnknownError(code="no_code")
    if code == 0 and not isinstance(code, bool):
        return
    known = isinstance(code, int) and not isinstance(code, bool)
    name = f"code_{code}" if known else "code_unreadable"
    raise DeliveryRefusedError(
        permanent=known and code in _PERMANENT_CODES,
        code=name[:40],
        of_address=known and code == _NO_SUCH_ROBOT,
    )
