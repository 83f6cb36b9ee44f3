"""What every route needs to know of a request: the parts, the language, who asks, and the key."""

import hashlib
import re
from typing import Annotated, cast

from fastapi import Cookie, Depends, Header, Request

from api.errors import ApiError, ErrorCode
from api.metrics import ApiMetrics
from api.parts import CentreParts
from domain.cases import Actor
from texts.catalogue import Locale
from texts.preference import preferred_locale

ROLES = frozenset({Actor.OPERATOR, Actor.DISPATCHER, Actor.INSPECTOR})
"""The roles a person at the console may take; everybody else acts by other doors."""

_KEY = re.compile(r"[A-Za-z0-9._:-]{8,64}", re.ASCII)


def _parts(request: Request) -> CentreParts:
    return cast("CentreParts", request.app.state.parts)


def _metrics(request: Request) -> ApiMetrics:
    return cast("ApiMetrics", request.app.state.metrics)


def locale_of(request: Request) -> Locale:
    """Return the language the request asks for."""
    return preferred_locale(request.headers.get("accept-language"))


def _role(
    x_role: Annotated[
        str | None,
        Header(description="operator, dispatcher or inspector", examples=["dispatcher"]),
    ] = None,
    role: Annotated[str | None, Cookie(description="The role chosen in the console.")] = None,
) -> Actor:
    chosen = x_role if x_role is not None else role
    for actor in ROLES:
        if chosen == actor.value:
            return actor
    raise ApiError(ErrorCode.ROLE_MISSING)


def _idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="8 to 64 of A-Z a-z 0-9 . _ : - ; the same key again changes nothing.",
            examples=["7d0c1f1e-5a39-4f6d-9a43-1d3c62f3a1b0"],
        ),
    ] = None,
) -> str:
    if idempotency_key is None or not _KEY.fullmatch(idempotency_key):
        raise ApiError(ErrorCode.IDEMPOTENCY_KEY_MISSING)
    return idempotency_key


def scoped_key(*scope: str) -> str:
    """Return a key for the desk that only the same key in the same scope gives again.

    So a key sent with one order never answers for another.
    """
    return hashlib.sha256("\n".join(scope).encode()).hexdigest()


Parts = Annotated[CentreParts, Depends(_parts)]
Metrics = Annotated[ApiMetrics, Depends(_metrics)]
Reader = Annotated[Locale, Depends(locale_of)]
Role = Annotated[Actor, Depends(_role)]
IdempotencyKey = Annotated[str, Depends(_idempotency_key)]
