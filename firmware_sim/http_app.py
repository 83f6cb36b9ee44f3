"""The simulator's one web application: cameras, phones, control page."""

from fastapi import APIRouter, FastAPI, Request, Response

from firmware_sim import control_page, phone_page
from firmware_sim.camera_server import UnknownCameraError, UnreachableCameraError
from firmware_sim.control_page import SimulatorParts, parts_of
from firmware_sim.page_rendering import ASSETS, asset
from firmware_sim.phone_inbox import UnknownPhoneError
from firmware_sim.request_guard import UnknownChoiceError, guard
from firmware_sim.world import UnknownInWorldError

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

_UNKNOWN = (UnknownCameraError, UnknownInWorldError, UnknownPhoneError, UnknownChoiceError)
_router = APIRouter()


@_router.get("/cameras/{camera_id}/snapshot.jpg")
def snapshot(camera_id: str, request: Request) -> Response:
    """Answer the camera's picture of now; 503 stands for a camera that nobody reaches."""
    try:
        jpeg = parts_of(request).cameras.snapshot(camera_id)
    except UnreachableCameraError:
        return Response("unreachable", status_code=503, media_type="text/plain")
    return Response(jpeg, media_type="image/jpeg")


@_router.get("/assets/{name}")
def page_asset(name: str) -> Response:
    """Answer a style sheet or script of the pages; its address changes with its content."""
    media_type = ASSETS.get(name)
    if media_type is None:
        raise UnknownChoiceError
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(asset(name), media_type=media_type, headers=headers)


@_router.get("/favicon.ico")
def no_icon() -> Response:
    """Answer that there is none, so that a browser's own question is no error."""
    return Response(status_code=204)


def _not_found(_request: Request, _error: Exception) -> Response:
    return Response("not found", status_code=404, media_type="text/plain")


def create_simulator_app(
    parts: SimulatorParts, *, host_names: frozenset[str] = LOOPBACK_NAMES
) -> FastAPI:
    """Return the application. ``host_names``: by which names its visitors reach it, portless."""
    app = FastAPI(title="Huanwei simulator", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.parts = parts
    for unknown in _UNKNOWN:
        app.add_exception_handler(unknown, _not_found)
    guard(app, host_names=host_names, metrics=parts.metrics)
    for router in (_router, control_page.router, phone_page.router):
        app.include_router(router)
    return app
