"""A crew's phone over HTTP: the web hook that messages come by, and the page that shows them."""

import asyncio
import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from firmware_sim.control_page import SimulatorParts, parts_of
from firmware_sim.district_places import VISITOR_CREW_ID
from firmware_sim.page_rendering import locale_of, remember_locale, render
from firmware_sim.phone_inbox import (
    Answer,
    Delivery,
    PhoneFault,
    RefusedMessageError,
)
from firmware_sim.request_guard import UnknownChoiceError, chosen, read_body, read_form
from texts.catalogue import Locale
from texts.formatting import format_time, name_in

router = APIRouter()

_POSITION = re.compile(r"[0-9]{1,9}", re.ASCII)
_REFUSED_CODE = 40035
"""WeCom's code for "invalid parameter"."""


@router.post("/phone/{crew_id}")
async def receive_message(crew_id: str, request: Request) -> Response:
    """Take one web-hook message; ``code`` 0 in the answer means that the phone has it."""
    parts = parts_of(request)
    body = await read_body(request)
    try:
        answer = parts.inbox.receive(crew_id, body, request.headers.get("idempotency-key"))
    except RefusedMessageError as error:
        refused = {"code": _REFUSED_CODE, "text": str(error)}
        return JSONResponse(refused, status_code=400)
    await _hold(request, answer)
    return JSONResponse({"code": answer.code, "text": answer.text}, status_code=answer.status)


@router.get("/phone/{crew_id}")
def phone_page(crew_id: str, request: Request) -> HTMLResponse:
    """Show what the crew's phone shows, newest first."""
    parts, locale = parts_of(request), locale_of(request)
    deliveries = parts.inbox.deliveries(crew_id)
    response = HTMLResponse(_phone_html(parts, locale, crew_id, deliveries))
    remember_locale(request, response)
    return response


@router.post("/phone/{crew_id}/read")
async def mark_read(crew_id: str, request: Request) -> Response:
    """Note that the visitor has seen the messages up to ``through``."""
    parts, form = parts_of(request), await read_form(request)
    through = _POSITION.fullmatch(form.get("through", ""))
    if through is None:
        raise UnknownChoiceError
    parts.inbox.mark_read(crew_id, through=int(through[0]))
    return RedirectResponse(f"/phone/{crew_id}", status_code=303)


@router.post("/phone/{crew_id}/fault")
async def set_phone_fault(crew_id: str, request: Request) -> Response:
    """Make the messenger misbehave for this phone, or heal it."""
    parts, form = parts_of(request), await read_form(request)
    parts.inbox.set_fault(crew_id, chosen(PhoneFault, form.get("fault")))
    return RedirectResponse(f"/phone/{crew_id}", status_code=303)


async def _hold(request: Request, answer: Answer) -> None:
    """Keep silent as long as the answer says, or until the caller has hung up."""
    if answer.hold_s:
        try:
            await asyncio.wait_for(request.receive(), answer.hold_s)
        except TimeoutError:
            return


def _phone_html(
    parts: SimulatorParts, locale: Locale, crew_id: str, deliveries: tuple[Delivery, ...]
) -> str:
    crew = parts.world.district.registry.crews[crew_id]
    return render(
        "phone.html",
        locale,
        parts.catalogue,
        title=name_in(crew.name, locale),
        crew_id=crew_id,
        is_visitors=crew_id == VISITOR_CREW_ID,
        through=max((delivery.position for delivery in deliveries), default=0),
        unread=parts.inbox.unread(crew_id),
        messages=[
            {
                "position": delivery.position,
                "level": delivery.message.level.value,
                "level_words": parts.catalogue.word(delivery.message.level, locale),
                "title": delivery.message.title,
                "text": delivery.message.text,
                "link": delivery.message.link,
                "received": format_time(delivery.received_at, locale),
                "copies": delivery.copies,
                "repeat": delivery.message.repeat,
            }
            for delivery in reversed(deliveries)
        ],
        faults=[(fault.value, parts.catalogue.word(fault, locale)) for fault in PhoneFault],
        fault=parts.inbox.fault(crew_id).value,
        now=format_time(parts.clock.now(), locale),
    )
