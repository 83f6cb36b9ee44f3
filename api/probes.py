"""Probes for supervisors and the metrics for Prometheus."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.request_facts import Parts

router = APIRouter(tags=["probes"])


@router.get("/healthz", summary="The process is alive")
def healthz() -> dict[str, str]:
    """Answer as long as the process can answer at all."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    summary="The centre can do its work",
    responses={503: {"description": "Something is missing; the body says what."}},
)
def readyz(parts: Parts) -> JSONResponse:
    """Answer 200, or 503 with what is missing by part."""
    missing = dict(parts.readiness())
    return JSONResponse(
        {"status": "not ready" if missing else "ready", "missing": missing},
        status_code=503 if missing else 200,
    )


@router.get("/metrics", summary="Metrics in Prometheus text format", response_class=Response)
def metrics(parts: Parts) -> Response:
    """Answer all counters of this process."""
    return Response(generate_latest(parts.metrics_registry), media_type=CONTENT_TYPE_LATEST)
