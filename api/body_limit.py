"""The most bytes a request may send, by path: announced or not, and answered in our own words.

The framework's own limit answers plain text whatever a handler says, and knows one limit only
where the console is mounted.
"""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import STATUS, ErrorCode

_MOST_DIGITS = 18


class BodyLimit:
    """Refuses a body that announces too much at once, one that does not as soon as it is more."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit_of: Callable[[str], int],
        refuse: Callable[[Request, ErrorCode], Response],
    ) -> None:
        self._app = app
        self._limit_of = limit_of
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        if _announced(Headers(scope=scope)) > limit:
            response = self._refuse(Request(scope), ErrorCode.TOO_LARGE)
            await response(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > limit:
                    raise HTTPException(STATUS[ErrorCode.TOO_LARGE])
            return message

        await self._app(scope, receive_counted, send)


def _announced(headers: Headers) -> int:
    """The announced length; 0 without a readable one, since the body is counted anyway."""
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        return 0
    return int(length[:_MOST_DIGITS])
