"""The outer wall: names we answer to, origins we take orders from, headers every answer carries."""

import re
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ErrorCode

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY_VIOLATION = 1008
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?", re.ASCII)

STRICT_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""For pages of our own making: nothing inline, nothing foreign."""


def console_policy(tile_sources: tuple[str, ...]) -> str:
    """Return the policy of the console, whose framework needs inline and evaluated scripts.

    Map tiles are the only foreign thing it may load, and only where the settings name their host.
    """
    images = " ".join(("'self'", "data:", "blob:", *tile_sources))
    return (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        f"style-src 'self' 'unsafe-inline'; img-src {images}; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; form-action 'self'; base-uri 'self'; "
        "frame-ancestors 'none'"
    )


class Hardening:
    """Refuses foreign hosts and origins before anything else sees a request."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host_names: frozenset[str],
        tile_sources: tuple[str, ...],
        refuse: Callable[[Request, ErrorCode], Response],
    ) -> None:
        self._app = app
        self._host_names = host_names
        self._console_policy = console_policy(tile_sources)
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refusal, or pass on with the headers put on the answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        code = self._objection(scope, headers)
        if scope["type"] == "websocket":
            if code is None:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                path, answered = scope["path"], MutableHeaders(scope=message)
                put_headers(
                    path, answered, STRICT_POLICY if is_own_page(path) else self._console_policy
                )
            await send(message)

        if code is None:
            await self._app(scope, receive, send_hardened)
        else:
            response = self._refuse(Request(scope), code)
            await response(scope, receive, send_hardened)

    def _objection(self, scope: Scope, headers: Headers) -> ErrorCode | None:
        hosts = headers.getlist("host")
        host = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
        if host is None or host["name"] not in self._host_names:
            return ErrorCode.FOREIGN_HOST
        is_order = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if is_order and not _is_same_origin(headers, hosts[0], path=scope["path"]):
            return ErrorCode.FOREIGN_ORIGIN
        return None


def put_headers(path: str, headers: MutableHeaders, policy: str) -> None:
    """Put onto an answer what every answer carries, where it does not carry it already."""
    headers.setdefault("x-content-type-options", "nosniff")
    # The token of a crew page stands in its address, which no other page may learn.
    headers.setdefault("referrer-policy", "no-referrer" if is_crew_page(path) else "same-origin")
    headers.setdefault("content-security-policy", policy)
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    if is_own_page(path):
        headers.setdefault("cache-control", "no-store")


def is_crew_page(path: str) -> bool:
    """Return whether the path is one of the crew pages."""
    return path.startswith("/c/")


def is_own_page(path: str) -> bool:
    """Return whether the answer is made here, not by the console's framework."""
    return is_crew_page(path) or path.startswith(
        (
            "/api/",
            "/pictures/",
            "/assets/",
            "/docs",
            "/openapi.json",
            "/healthz",
            "/readyz",
            "/metrics",
        )
    )


def _is_same_origin(headers: Headers, host: str, *, path: str) -> bool:
    """Whether an order comes from a page of ours, or from a program that is no browser.

    Browsers send ``Origin`` with every POST, and ``null`` from a page without referrer: the crew
    pages are such, and their orders carry their authority in the path, so they may.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    if origin == "null":
        return is_crew_page(path)
    return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")
