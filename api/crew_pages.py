"""The pages behind a crew's link. GET shows, and changes nothing: chat apps open links ahead of
people. Each step is a POST with a key of its own, answered by 303 back to the page.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from alerts.case_desk import MissingProofError
from alerts.crew_links import ExpiredLinkError, ForgedLinkError
from alerts.orders import MoveCase
from api.crew_page import HANDLED_STATES, PageRequest, task_page
from api.crew_view import ACTIONS, CrewStep
from api.errors import ApiError, ErrorCode
from api.page_rendering import render
from api.parts import CentreParts
from api.request_facts import Metrics, Parts, locale_of, scoped_key
from domain.cases import Actor, Case, CaseState, IllegalMoveError
from domain.photo_evidence import PhotoEvidence
from domain.ports.photo_intake import AdmittedPhoto, PhotoRefusal, RefusedPhotoError
from texts.catalogue import key_of
from texts.preference import locale_named

router = APIRouter(include_in_schema=False)

PHOTO_BYTES = 6 * 1024 * 1024
"""The most one photo may have; phones shrink it before, where the page's script runs."""

PHOTOS = ("overview", "close_up")
PROOF_BYTES = len(PHOTOS) * PHOTO_BYTES + 64 * 1024
"""The most a form with both photos may have."""

_MOST_FIELDS = 8
_LONGEST_FIELD_BYTES = 4096
_LONGEST_NOTE = 500
_LONGEST_TOKEN = 512
_KEY = re.compile(r"[a-z0-9._-]{8,80}", re.ASCII)

Token = Annotated[str, Path()]


class _LinkTrouble(StrEnum):
    """Why a link leads to no task; the value names the texts of the page that says so."""

    FORGED = "link.forged"
    EXPIRED = "link.expired"
    ELSEWHERE = "state.elsewhere"


class _ClosedLinkError(Exception):
    """The link leads to no task (any more)."""

    def __init__(self, trouble: _LinkTrouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class _StepForm:
    """The form of one step."""

    key: str
    note: str
    photos: tuple[bytes | None, ...]


@router.get("/c/{token}")
def show_task(token: Token, request: Request, parts: Parts) -> Response:
    """Show the task as it stands."""
    asked = _asked(request, token)
    try:
        case = _open(parts, token)
    except _ClosedLinkError as closed:
        return _link_page(parts, asked, closed.trouble)
    return HTMLResponse(task_page(parts, case, asked))


@router.post("/c/{token}/accept")
async def accept(token: Token, request: Request, parts: Parts) -> Response:
    """Accept the task, or the rework."""
    form = await _read_form(request)
    return await run_in_threadpool(_step, parts, CrewStep.ACCEPT, _asked(request, token), form)


@router.post("/c/{token}/arrive")
async def arrive(token: Token, request: Request, parts: Parts) -> Response:
    """Say that the crew is there."""
    form = await _read_form(request)
    return await run_in_threadpool(_step, parts, CrewStep.ARRIVE, _asked(request, token), form)


@router.post("/c/{token}/finish")
async def finish(token: Token, request: Request, parts: Parts, metrics: Metrics) -> Response:
    """Say that it is clean, with the two photos."""
    asked = _asked(request, token)
    # Who holds no valid link may not make us read megabytes.
    try:
        await run_in_threadpool(_open, parts, token)
    except _ClosedLinkError as closed:
        return _link_page(parts, asked, closed.trouble)
    form = await _read_form(request)
    # Opening photos takes seconds: those who wait for it must not keep the API's threads.
    turns: CapacityLimiter = request.app.state.photo_turns
    return await to_thread.run_sync(_finish, parts, metrics, asked, form, limiter=turns)


def takes_photos(path: str) -> bool:
    """Return whether a request to ``path`` may carry the two photos."""
    return re.fullmatch(r"/c/[^/]+/finish", path) is not None


def _step(parts: CentreParts, step: CrewStep, asked: PageRequest, form: _StepForm) -> Response:
    try:
        case = _open(parts, asked.token)
    except _ClosedLinkError as closed:
        return _link_page(parts, asked, closed.trouble)
    return _take(parts, step, case, asked, form, photos=())


def _finish(parts: CentreParts, metrics: Metrics, asked: PageRequest, form: _StepForm) -> Response:
    try:
        case = _open(parts, asked.token)
    except _ClosedLinkError as closed:
        return _link_page(parts, asked, closed.trouble)
    if case.state is not CaseState.IN_PROGRESS:
        # Sent twice, or too late: either way the page tells how it stands, and no photo is read.
        return _back(asked, moved_on=case.state not in HANDLED_STATES)
    photos = []
    for name, raw in zip(PHOTOS, form.photos, strict=True):
        if raw is None:
            return _again(
                parts, case, asked, parts.catalogue.text("api_error.missing_proof", asked.locale)
            )
        try:
            photo = parts.photo_intake.admit(raw)
        except RefusedPhotoError as refused:
            metrics.photo(refused.reason)
            return _again(parts, case, asked, _photo_problem(parts, name, refused.reason, asked))
        metrics.photo("admitted")
        parts.pictures.put(photo.jpeg)
        photos.append(photo)
    answer = _take(parts, CrewStep.FINISH, case, asked, form, photos=tuple(photos))
    sent = {photo.sha256 for photo in photos}
    for noted in parts.book.photo_doubts(case.case_id):
        # Only those of this proof: a photo may have been doubted in an earlier one, too.
        if noted.photo.sha256 in sent and noted.noted_at >= (case.arrived_at or case.opened_at):
            metrics.photo_doubted(noted.photo.doubt)
    return answer


def _take(
    parts: CentreParts,
    step: CrewStep,
    case: Case,
    asked: PageRequest,
    form: _StepForm,
    *,
    photos: tuple[AdmittedPhoto, ...],
) -> Response:
    try:
        parts.desk.move(
            MoveCase(
                case_id=case.case_id,
                action=ACTIONS[step],
                actor=Actor.CREW,
                key=scoped_key("crew", case.case_id, step, form.key),
                note=form.note,
                photos=tuple(photo.sha256 for photo in photos),
                evidence=_all_evidence(photos),
            )
        )
    except IllegalMoveError:
        return _back(asked, moved_on=True)
    except MissingProofError:
        return _again(parts, case, asked, _missing_proof(parts, asked))
    return _back(asked)


def _all_evidence(photos: tuple[AdmittedPhoto, ...]) -> tuple[PhotoEvidence, ...]:
    """Return what each photo told of itself; nothing where the intake cannot tell of each."""
    known = tuple(photo.evidence for photo in photos if photo.evidence is not None)
    return known if len(known) == len(photos) else ()


def _open(parts: CentreParts, token: str) -> Case:
    """Return the case that the link leads to, if its crew is the one that was given the link."""
    if len(token) > _LONGEST_TOKEN:
        raise _ClosedLinkError(_LinkTrouble.FORGED)
    try:
        crew_pass = parts.crew_links.read(token)
    except ExpiredLinkError:
        raise _ClosedLinkError(_LinkTrouble.EXPIRED) from None
    except ForgedLinkError:
        raise _ClosedLinkError(_LinkTrouble.FORGED) from None
    case = parts.book.case(crew_pass.case_id)
    if case is None:
        raise _ClosedLinkError(_LinkTrouble.FORGED)
    if case.crew_id != crew_pass.crew_id:
        raise _ClosedLinkError(_LinkTrouble.ELSEWHERE)
    return case


async def _read_form(request: Request) -> _StepForm:
    async with request.form(
        max_files=len(PHOTOS), max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD_BYTES
    ) as form:
        key, note = form.get("key"), form.get("note", "")
        if not isinstance(key, str) or not _KEY.fullmatch(key) or not isinstance(note, str):
            raise ApiError(ErrorCode.INVALID_REQUEST)
        note = note.strip()
        if len(note) > _LONGEST_NOTE:
            raise ApiError(ErrorCode.INVALID_REQUEST)
        photos = [await _read_photo(form, name) for name in PHOTOS]
    return _StepForm(key=key, note=note, photos=tuple(photos))


async def _read_photo(form: FormData, name: str) -> bytes | None:
    """Return the photo's bytes; its file name is the sender's and never used. None: not sent."""
    part = form.get(name)
    if not isinstance(part, UploadFile):
        return None
    raw = await part.read(PHOTO_BYTES + 1)
    if len(raw) > PHOTO_BYTES:
        raise ApiError(ErrorCode.TOO_LARGE)
    return raw or None


def _asked(request: Request, token: str) -> PageRequest:
    chosen = locale_named(request.query_params.get("lang"))
    return PageRequest(
        token=token,
        locale=chosen or locale_of(request),
        query=f"?{urlencode({'lang': chosen.language_tag})}" if chosen else "",
        moved_on=request.query_params.get("moved") == "1",
    )


def _back(asked: PageRequest, *, moved_on: bool = False) -> Response:
    query = asked.query
    if moved_on:
        query += ("&" if query else "?") + "moved=1"
    return RedirectResponse(f"/c/{asked.token}{query}", status_code=303)


def _again(parts: CentreParts, case: Case, asked: PageRequest, problem: str) -> Response:
    """Show the task once more with what went wrong."""
    again = PageRequest(token=asked.token, locale=asked.locale, query=asked.query, problem=problem)
    return HTMLResponse(task_page(parts, case, again), status_code=422)


def _missing_proof(parts: CentreParts, asked: PageRequest) -> str:
    return parts.catalogue.text(f"api_error.{ErrorCode.MISSING_PROOF}", asked.locale)


def _photo_problem(parts: CentreParts, name: str, reason: PhotoRefusal, asked: PageRequest) -> str:
    return parts.catalogue.text(
        f"crew.photo_refused.{name}",
        asked.locale,
        reason=parts.catalogue.text_or(key_of(reason), asked.locale, reason),
    )


def _link_page(parts: CentreParts, asked: PageRequest, trouble: _LinkTrouble) -> Response:
    page = render("link_problem.html", asked.locale, parts.catalogue, kind=trouble)
    status = HTTPStatus.NOT_FOUND if trouble is _LinkTrouble.FORGED else HTTPStatus.GONE
    return HTMLResponse(page, status_code=status)
