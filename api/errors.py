"""What the API answers when it will not do something: a status, a code, and a text for people."""

from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from alerts.case_desk import (
    MissingApprovalError,
    MissingProofError,
    StaleCaseError,
    UnknownCaseError,
    UnknownPlaceError,
)
from domain.cases import IllegalMoveError
from domain.checks import InvalidValueError
from domain.ports.history import TimeSeriesAwayError
from storage.unavailable import DatabaseUnavailableError
from texts.catalogue import Catalogue, Locale


class ErrorCode(StrEnum):
    """Why a request was refused, for programs."""

    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"
    UNREADABLE_BODY = "unreadable_body"
    INVALID_REQUEST = "invalid_request"
    FOREIGN_HOST = "foreign_host"
    FOREIGN_ORIGIN = "foreign_origin"
    ROLE_MISSING = "role_missing"
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing"
    UNKNOWN_CASE = "unknown_case"
    UNKNOWN_PLACE = "unknown_place"
    UNKNOWN_DEVICE = "unknown_device"
    STALE_CASE = "stale_case"
    ILLEGAL_MOVE = "illegal_move"
    MISSING_PROOF = "missing_proof"
    APPROVAL_MISSING = "approval_missing"
    PICTURE_NOT_HERE = "picture_not_here"
    DATABASE_AWAY = "database_away"
    TIME_SERIES_AWAY = "time_series_away"
    FAILED = "failed"


STATUS: dict[ErrorCode, HTTPStatus] = {
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.UNREADABLE_BODY: HTTPStatus.BAD_REQUEST,
    ErrorCode.INVALID_REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.FOREIGN_HOST: HTTPStatus.BAD_REQUEST,
    ErrorCode.FOREIGN_ORIGIN: HTTPStatus.FORBIDDEN,
    ErrorCode.ROLE_MISSING: HTTPStatus.FORBIDDEN,
    ErrorCode.IDEMPOTENCY_KEY_MISSING: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.UNKNOWN_CASE: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_PLACE: HTTPStatus.NOT_FOUND,
    ErrorCode.UNKNOWN_DEVICE: HTTPStatus.NOT_FOUND,
    ErrorCode.STALE_CASE: HTTPStatus.CONFLICT,
    ErrorCode.ILLEGAL_MOVE: HTTPStatus.CONFLICT,
    ErrorCode.MISSING_PROOF: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.APPROVAL_MISSING: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorCode.PICTURE_NOT_HERE: HTTPStatus.NOT_FOUND,
    ErrorCode.DATABASE_AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.TIME_SERIES_AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorCode.FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The status that goes with each code."""

_CODE_OF_STATUS = {
    HTTPStatus.BAD_REQUEST: ErrorCode.UNREADABLE_BODY,
    HTTPStatus.NOT_FOUND: ErrorCode.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: ErrorCode.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ErrorCode.TOO_LARGE,
}


class ApiError(Exception):
    """A refusal; the handler turns it into an answer."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.value)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What is answered. ``fields`` names what was wrong where, never what was sent."""

    code: ErrorCode
    status: int
    text: str
    fields: tuple[tuple[str, str], ...] = field(default=())

    def body(self) -> dict[str, object]:
        """Return the body of the answer."""
        error: dict[str, object] = {"code": self.code.value, "text": self.text}
        if self.fields:
            error["fields"] = [{"field": name, "reason": why} for name, why in self.fields]
        return {"error": error}


DOMAIN_ERRORS: dict[type[Exception], ErrorCode] = {
    UnknownCaseError: ErrorCode.UNKNOWN_CASE,
    UnknownPlaceError: ErrorCode.UNKNOWN_PLACE,
    StaleCaseError: ErrorCode.STALE_CASE,
    MissingProofError: ErrorCode.MISSING_PROOF,
    MissingApprovalError: ErrorCode.APPROVAL_MISSING,
    IllegalMoveError: ErrorCode.ILLEGAL_MOVE,
    InvalidValueError: ErrorCode.INVALID_REQUEST,
    DatabaseUnavailableError: ErrorCode.DATABASE_AWAY,
    TimeSeriesAwayError: ErrorCode.TIME_SERIES_AWAY,
}
"""What the desk, the domain and the database refuse, and the code it gets."""


def refusal_of(error: Exception, catalogue: Catalogue, locale: Locale) -> Refusal:
    """Return the answer to an :class:`ApiError` or one of ``DOMAIN_ERRORS``."""
    if isinstance(error, IllegalMoveError):
        return refusal(
            ErrorCode.ILLEGAL_MOVE,
            catalogue,
            locale,
            actor=catalogue.word(error.actor, locale),
            action=catalogue.word(error.action, locale),
            state=catalogue.word(error.state, locale),
        )
    if isinstance(error, ApiError):
        return refusal(error.code, catalogue, locale)
    code = next(code for kind, code in DOMAIN_ERRORS.items() if isinstance(error, kind))
    return refusal(code, catalogue, locale)


def refusal_of_status(status: int, catalogue: Catalogue, locale: Locale) -> Refusal:
    """Return the answer where the framework itself refuses with an HTTP status."""
    code = _CODE_OF_STATUS.get(HTTPStatus(status), ErrorCode.FAILED)
    text = catalogue.text(f"api_error.{code}", locale)
    return Refusal(code=code, status=status, text=text)


def refusal(
    code: ErrorCode,
    catalogue: Catalogue,
    locale: Locale,
    *,
    fields: tuple[tuple[str, str], ...] = (),
    **values: str,
) -> Refusal:
    """Return the answer for ``code``, its text with ``values`` put in."""
    text = catalogue.text(f"api_error.{code}", locale, **values)
    return Refusal(code=code, status=STATUS[code], text=text, fields=fields)
