"""Masked pictures by their content. Until accounts exist, only loopback reaches them."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from api.errors import ErrorCode, refusal
from api.page_rendering import render
from api.request_facts import Metrics, Parts, Reader
from api.v1.answers import ErrorAnswer

router = APIRouter(tags=["pictures"])

_RETRY_S = "5"
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}\z", description="SHA-256 of the picture")]


@router.get(
    "/pictures/{sha256}",
    summary="A masked picture",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "The picture; it never changes."},
        422: {"model": ErrorAnswer, "description": "That is no SHA-256."},
        404: {"description": "Not here: not yet, or no longer. `Retry-After` says when to ask."},
    },
)
def picture(
    sha256: Sha256, request: Request, parts: Parts, locale: Reader, metrics: Metrics
) -> Response:
    """Answer the picture, or 404 while it is still on its way: a verdict travels before it."""
    jpeg = parts.pictures.get(sha256)
    if jpeg is not None:
        return Response(
            jpeg,
            media_type="image/jpeg",
            headers={
                "cache-control": "private, max-age=31536000, immutable",
                "etag": f'"{sha256}"',
                "content-disposition": f'inline; filename="{sha256[:16]}.jpg"',
            },
        )
    metrics.refused(ErrorCode.PICTURE_NOT_HERE)
    missing = refusal(ErrorCode.PICTURE_NOT_HERE, parts.catalogue, locale)
    headers = {"retry-after": _RETRY_S, "cache-control": "no-store"}
    if "text/html" in request.headers.get("accept", ""):
        page = render("not_here_yet.html", locale, parts.catalogue, refresh_s=_RETRY_S)
        return HTMLResponse(page, status_code=missing.status, headers=headers)
    return JSONResponse(missing.body(), status_code=missing.status, headers=headers)
