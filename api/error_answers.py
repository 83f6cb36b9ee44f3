"""Turns refusals into answers: JSON for programs, a page for a crew's phone."""

from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from api.errors import (
    DOMAIN_ERRORS,
    ApiError,
    ErrorCode,
    Refusal,
    refusal,
    refusal_of,
    refusal_of_status,
)
from api.hardening import STRICT_POLICY, is_crew_page, put_headers
from api.metrics import ApiMetrics
from api.page_rendering import render
from api.request_facts import locale_of
from texts.catalogue import Catalogue, Locale
from texts.preference import locale_named

_LOG = structlog.get_logger()
_MOST_FIELDS = 16
_TRY_AGAIN_AFTER_S = 5
_FOREIGN_NAME = "extra_forbidden"
_PASSING = frozenset({ErrorCode.DATABASE_AWAY, ErrorCode.TIME_SERIES_AWAY})


class ErrorAnswers:
    """Answers every refusal with a code and a text, and nothing of what was sent."""

    def __init__(self, catalogue: Catalogue, metrics: ApiMetrics) -> None:
        self._catalogue = catalogue
        self._metrics = metrics

    def install(self, app: FastAPI) -> None:
        """Answer whatever the routes of ``app`` raise."""
        refusals: tuple[type[Exception], ...] = (ApiError, *DOMAIN_ERRORS)
        for kind in refusals:
            app.add_exception_handler(kind, self._on_refusal)
        app.add_exception_handler(RequestValidationError, self._on_invalid_request)
        app.add_exception_handler(HTTPException, self._on_status)
        app.add_exception_handler(Exception, self._on_failure)

    def refuse(self, request: Request, code: ErrorCode) -> Response:
        """Return the answer for a code."""
        locale = _locale(request)
        return self._answer(request, refusal(code, self._catalogue, locale), locale)

    def _answer(self, request: Request, told: Refusal, locale: Locale) -> Response:
        self._metrics.refused(told.code)
        if is_crew_page(request.url.path):
            back = _task_address(request)
            page = render("refused.html", locale, self._catalogue, text=told.text, back=back)
            return HTMLResponse(page, status_code=told.status, headers=_headers(told.code))
        return JSONResponse(told.body(), status_code=told.status, headers=_headers(told.code))

    async def _on_refusal(self, request: Request, error: Exception) -> Response:
        locale = _locale(request)
        return self._answer(request, refusal_of(error, self._catalogue, locale), locale)

    async def _on_invalid_request(self, request: Request, error: Exception) -> Response:
        locale = _locale(request)
        fields = _wrong_fields(error.errors() if isinstance(error, RequestValidationError) else ())
        told = refusal(ErrorCode.INVALID_REQUEST, self._catalogue, locale, fields=fields)
        return self._answer(request, told, locale)

    async def _on_status(self, request: Request, error: Exception) -> Response:
        locale = _locale(request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        told = refusal_of_status(status, self._catalogue, locale)
        response = self._answer(request, told, locale)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    async def _on_failure(self, request: Request, error: Exception) -> Response:
        _LOG.error("request_failed", method=request.method, exc_info=error)
        response = self.refuse(request, ErrorCode.FAILED)
        # The framework answers this one outside of everything else, the outer wall included.
        put_headers(request.url.path, response.headers, STRICT_POLICY)
        return response


def _headers(code: ErrorCode) -> dict[str, str]:
    return {"Retry-After": str(_TRY_AGAIN_AFTER_S)} if code in _PASSING else {}


def _locale(request: Request) -> Locale:
    return locale_named(request.query_params.get("lang")) or locale_of(request)


def _task_address(request: Request) -> str | None:
    """The page a refused step was sent from; None where no step was taken."""
    if request.method != "POST":
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return request.url.path.rpartition("/")[0] + query


def _wrong_fields(errors: Sequence[object]) -> tuple[tuple[str, str], ...]:
    """Where something was wrong, and what: never the value, nor a field name we did not give."""
    fields: list[tuple[str, str]] = []
    for error in errors[:_MOST_FIELDS]:
        if not isinstance(error, dict):
            continue
        why = str(error["type"])
        place = error["loc"][:-1] if why == _FOREIGN_NAME else error["loc"]
        fields.append((".".join(str(step) for step in place if isinstance(step, str)), why))
    return tuple(fields)
