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
from api.hardening import is_crew_page
from api.metrics import ApiMetrics
from api.page_rendering import render
from api.request_facts import locale_of
from texts.catalogue import Catalogue, Locale
from texts.preference import locale_named

_LOG = structlog.get_logger()
_MOST_FIELDS = 16
_FOREIGN_NAME = "extra_forbidden"


def install_error_answers(app: FastAPI, catalogue: Catalogue, metrics: ApiMetrics) -> None:
    """Answer every refusal with a code and a text, and nothing of what was sent."""

    def answer(request: Request, told: Refusal, locale: Locale) -> Response:
        metrics.refused(told.code)
        if is_crew_page(request.url.path):
            back = _task_address(request)
            page = render("refused.html", locale, catalogue, text=told.text, back=back)
            return HTMLResponse(page, status_code=told.status)
        return JSONResponse(told.body(), status_code=told.status)

    async def on_refusal(request: Request, error: Exception) -> Response:
        locale = _locale(request)
        return answer(request, refusal_of(error, catalogue, locale), locale)

    async def on_invalid_request(request: Request, error: Exception) -> Response:
        locale = _locale(request)
        fields = _wrong_fields(error.errors() if isinstance(error, RequestValidationError) else ())
        told = refusal(ErrorCode.INVALID_REQUEST, catalogue, locale, fields=fields)
        return answer(request, told, locale)

    async def on_status(request: Request, error: Exception) -> Response:
        locale = _locale(request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = answer(request, refusal_of_status(status, catalogue, locale), locale)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    async def on_failure(request: Request, error: Exception) -> Response:
        _LOG.error("request_failed", area=request.url.path.split("/")[1][:20], exc_info=error)
        locale = _locale(request)
        return answer(request, refusal(ErrorCode.FAILED, catalogue, locale), locale)

    refusals: tuple[type[Exception], ...] = (ApiError, *DOMAIN_ERRORS)
    for kind in refusals:
        app.add_exception_handler(kind, on_refusal)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, on_status)
    app.add_exception_handler(Exception, on_failure)


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
