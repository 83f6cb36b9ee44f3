"""The control page: how the simulated district truly stands, and buttons that change it."""

from dataclasses import dataclass
from functools import partial
from typing import cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from domain.ports.clock import Clock
from firmware_sim.camera_server import CameraFault, CameraServer
from firmware_sim.clock_control import ClockControl
from firmware_sim.control_view import SPEEDS, PhoneRow, area_cards, clock_view
from firmware_sim.district_places import VISITOR_CREW_ID
from firmware_sim.ground import GroundKind
from firmware_sim.metrics import PagesMetrics
from firmware_sim.page_rendering import locale_of, remember_locale, render
from firmware_sim.phone_inbox import PhoneInbox
from firmware_sim.request_guard import UnknownChoiceError, chosen, read_form
from firmware_sim.sample_photos import Condition, SamplePhotos, Shot
from firmware_sim.world import World
from texts.catalogue import Catalogue, Locale
from texts.formatting import name_in

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorParts:
    """Everything the simulator's pages work with. ``console_url``: the dispatchers' console."""

    clock: Clock
    clock_control: ClockControl
    world: World
    cameras: CameraServer
    inbox: PhoneInbox
    photos: SamplePhotos
    catalogue: Catalogue
    metrics: PagesMetrics
    console_url: str


def parts_of(request: Request) -> SimulatorParts:
    """Return the parts that the application was made with."""
    return cast("SimulatorParts", request.app.state.parts)


@router.get("/")
def control_page(request: Request) -> HTMLResponse:
    """Show clock, places, phones and what can be done to them."""
    parts, locale = parts_of(request), locale_of(request)
    response = HTMLResponse(_control_html(parts, locale))
    remember_locale(request, response)
    return response


@router.post("/clock")
async def change_speed(request: Request) -> Response:
    """Pause the business clock or let it run at one of the offered speeds."""
    parts, form = parts_of(request), await read_form(request)
    speed = {f"{speed:g}": speed for speed in SPEEDS}.get(form.get("speed", ""))
    if speed is None:
        raise UnknownChoiceError
    await run_in_threadpool(parts.clock_control.set_speed, speed)
    return _back("/")


@router.post("/places/{place_id}/overfill")
async def overfill(place_id: str, request: Request) -> Response:
    """Fill one bin of the place over its rim."""
    parts, form = parts_of(request), await read_form(request)
    container_id = form.get("container_id", "")
    container = parts.world.district.registry.containers.get(container_id)
    if container is None or container.place_id != place_id:
        raise UnknownChoiceError
    await run_in_threadpool(parts.world.overfill, container_id, parts.clock.now())
    return _back(f"/#{place_id}")


@router.post("/places/{place_id}/drop")
async def drop(place_id: str, request: Request) -> Response:
    """Put one thing on the ground of the place."""
    parts, form = parts_of(request), await read_form(request)
    kind = chosen(GroundKind, form.get("kind"))
    await run_in_threadpool(parts.world.drop, place_id, parts.clock.now(), kind)
    return _back(f"/#{place_id}")


@router.post("/places/{place_id}/clean")
async def clean(place_id: str, request: Request) -> Response:
    """Empty and sweep the place, as the visitor's own hands would."""
    parts = parts_of(request)
    visit = partial(parts.world.visit, actor=VISITOR_CREW_ID)
    await run_in_threadpool(visit, place_id, parts.clock.now())
    return _back(f"/#{place_id}")


@router.post("/cameras/{camera_id}/fault")
async def set_camera_fault(camera_id: str, request: Request) -> Response:
    """Break a camera in one of the known ways, or mend it."""
    parts, form = parts_of(request), await read_form(request)
    fault = chosen(CameraFault, form.get("fault"))
    await run_in_threadpool(parts.cameras.set_fault, camera_id, fault)
    return _back(f"/#{parts.world.district.registry.cameras[camera_id].place_id}")


@router.get("/samples/{place_id}/{condition}/{shot}.jpg")
def sample_photo(place_id: str, condition: str, shot: str, request: Request) -> Response:
    """Answer a photo of the place as a phone would take it, as it is or clean."""
    parts = parts_of(request)
    wanted = (chosen(Condition, condition), chosen(Shot, shot))
    jpeg = parts.photos.photo(place_id, *wanted, parts.clock.now())
    name = f"{place_id}-{condition}-{shot}.jpg"
    headers = {"content-disposition": f'inline; filename="{name}"'}
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def _back(path: str) -> Response:
    return RedirectResponse(path, status_code=303)


def _control_html(parts: SimulatorParts, locale: Locale) -> str:
    now, registry = parts.clock.now(), parts.world.district.registry
    truths = {place_id: parts.world.truth(place_id, now) for place_id in registry.places}
    faults = {camera_id: parts.cameras.fault(camera_id) for camera_id in registry.cameras}
    return render(
        "control.html",
        locale,
        parts.catalogue,
        title=parts.catalogue.text("simulator.title", locale),
        clock=clock_view(now, parts.clock_control.speed, locale),
        speeds=SPEEDS,
        areas=area_cards(registry, truths, faults, parts.catalogue, locale),
        phones=_phone_rows(parts, locale),
        camera_faults=[(fault.value, parts.catalogue.word(fault, locale)) for fault in CameraFault],
        district=name_in(registry.district, locale),
        console_url=parts.console_url,
    )


def _phone_rows(parts: SimulatorParts, locale: Locale) -> list[PhoneRow]:
    crews = parts.world.district.registry.crews
    rows = [
        PhoneRow(
            crew_id=crew_id,
            name=name_in(crews[crew_id].name, locale),
            is_visitors=crew_id == VISITOR_CREW_ID,
            messages=len(parts.inbox.deliveries(crew_id)),
            unread=parts.inbox.unread(crew_id),
            fault=parts.inbox.fault(crew_id).value,
        )
        for crew_id in parts.inbox.crew_ids
    ]
    return sorted(rows, key=lambda row: (not row.is_visitors, row.crew_id))
