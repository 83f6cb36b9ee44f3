"""The HTTP application of the centre: API, crew pages, pictures, documentation, probes."""

from importlib.resources import files

from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api import crew_pages, documentation, map_outline, pictures, probes
from api.body_limit import BodyLimit
from api.error_answers import ErrorAnswers
from api.hardening import Hardening
from api.metrics import ApiMetrics
from api.parts import CentreParts
from api.request_counting import RequestCounting
from api.settings import ApiSettings
from api.v1 import routes

ORDINARY_BODY_BYTES = 64 * 1024
"""The most any route takes, where it does not say otherwise (the photos of a crew)."""

_PHOTO_FORMS_AT_ONCE = 4

_DESCRIPTION = """\
Places, devices, alerts and cases of a district, and the work of people on cases.

Times are RFC 3339 in UTC. States and classes are codes, each with a text in the language of
`Accept-Language` (zh-CN or en). GET changes nothing. Every POST carries an `Idempotency-Key`: sent
twice, it changes things once. Until accounts exist the API answers on loopback only, and who acts
is the role told in `X-Role` (operator, dispatcher or inspector).
"""


def create_app(parts: CentreParts, *, settings: ApiSettings) -> FastAPI:
    """Return the application; the console is mounted onto it by ``api.console``."""
    app = FastAPI(
        title="Huanwei 环卫",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
    )
    metrics = ApiMetrics(parts.metrics_registry)
    app.state.parts = parts
    app.state.metrics = metrics
    app.state.photo_turns = CapacityLimiter(_PHOTO_FORMS_AT_ONCE)
    app.include_router(routes.router, prefix="/api/v1")
    app.include_router(pictures.router)
    app.include_router(map_outline.router)
    app.include_router(probes.router)
    app.include_router(crew_pages.router)
    app.include_router(documentation.router)
    app.mount("/assets", StaticFiles(directory=str(files("api") / "static")), name="assets")
    answers = ErrorAnswers(parts.catalogue, metrics)
    answers.install(app)
    # The last one added is the first to see a request.
    app.add_middleware(BodyLimit, limit_of=_body_limit, refuse=answers.refuse)
    app.add_middleware(
        Hardening,
        host_names=settings.host_names,
        tile_sources=settings.tile_sources,
        refuse=answers.refuse,
    )
    app.add_middleware(RequestCounting, metrics=metrics, monotonic_s=parts.clock.monotonic_s)
    return app


def _body_limit(path: str) -> int:
    return crew_pages.PROOF_BYTES if crew_pages.takes_photos(path) else ORDINARY_BODY_BYTES
