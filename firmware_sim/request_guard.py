"""What every page of the simulator refuses: foreign hosts and origins, bodies without end."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from firmware_sim.metrics import PagesMetrics

MOST_BODY_BYTES = 64 * 1024
_MOST_FIELDS = 16
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class RequestRefusal(StrEnum):
    """Why a request was refused; also the label of its counter."""

    FOREIGN_HOST = "foreign_host"
    FOREIGN_ORIGIN = "foreign_origin"
    BODY_TOO_LARGE = "body_too_large"
    UNREADABLE_FORM = "unreadable_form"


_STATUS: Mapping[RequestRefusal, int] = {
    RequestRefusal.FOREIGN_HOST: 421,
    RequestRefusal.FOREIGN_ORIGIN: 403,
    RequestRefusal.BODY_TOO_LARGE: 413,
    RequestRefusal.UNREADABLE_FORM: 400,
}


class RefusedRequestError(Exception):
    """The request is not one that a page of ours or a program of ours would send."""

    def __init__(self, refusal: RequestRefusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class UnknownChoiceError(LookupError):
    """A word in the address or the form that we never offered."""


_Choice = TypeVar("_Choice", bound=StrEnum)


def chosen(choices: type[_Choice], word: str | None) -> _Choice:
    """Return the member that ``word`` names; raise :class:`UnknownChoiceError`."""
    for choice in choices:
        if choice.value == word:
            return choice
    raise UnknownChoiceError


async def read_body(request: Request) -> bytes:
    """Return the body, at most ``MOST_BODY_BYTES``; raise :class:`RefusedRequestError`."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            raise RefusedRequestError(RequestRefusal.BODY_TOO_LARGE)
    return bytes(body)


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form without files; raise :class:`RefusedRequestError`."""
    body = await read_body(request)
    try:
        pairs = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise RefusedRequestError(RequestRefusal.UNREADABLE_FORM) from error
    return dict(pairs)


def guard(app: FastAPI, *, host_names: frozenset[str], metrics: PagesMetrics) -> None:
    """Put the guard before every route of ``app``. ``host_names``: the names it answers to."""

    def refused(refusal: RequestRefusal) -> Response:
        metrics.refused_requests.labels(refusal.value).inc()
        return Response(refusal.value, status_code=_STATUS[refusal], media_type="text/plain")

    @app.middleware("http")
    async def check(request: Request, call_next: RequestResponseEndpoint) -> Response:
        objection = _objection(request, host_names)
        if objection is not None:
            return refused(objection)
        response = await call_next(request)
        response.headers.setdefault("content-security-policy", _POLICY)
        response.headers.setdefault("x-content-type-options", "nosniff")
        response.headers.setdefault("referrer-policy", "same-origin")
        response.headers.setdefault("cache-control", "no-store")
        return response

    @app.exception_handler(RefusedRequestError)
    async def answer(_request: Request, error: Exception) -> Response:
        if not isinstance(error, RefusedRequestError):
            raise error
        return refused(error.refusal)


def _objection(request: Request, host_names: frozenset[str]) -> RequestRefusal | None:
    host = request.headers.get("host", "").lower()
    if host.rpartition(":")[0] not in host_names and host not in host_names:
        return RequestRefusal.FOREIGN_HOST
    if request.method in _SAFE_METHODS:
        return None
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return RequestRefusal.FOREIGN_ORIGIN
    origin = request.headers.get("origin")
    # Browsers name their origin with every POST; a program that names none is no browser.
    if origin is not None and origin.lower() not in {f"http://{host}", f"https://{host}"}:
        return RequestRefusal.FOREIGN_ORIGIN
    return None
