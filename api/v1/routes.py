"""All routes of version 1, with the refusals each may answer."""

from fastapi import APIRouter

from api.v1 import alerts, assessment, cases, devices, measures, places
from api.v1.answers import ErrorAnswer

_REFUSALS = {
    400: "The host name is foreign, or the body cannot be read.",
    403: "No role was told, or the request came from a foreign page.",
    404: "There is no such place, case or address.",
    409: "The case is in another state or version by now.",
    413: "The body is too large.",
    422: "Something in the request is not as it must be.",
}

router = APIRouter(
    responses={
        status: {"model": ErrorAnswer, "description": about} for status, about in _REFUSALS.items()
    }
)
for part in (places, cases, devices, alerts, measures, assessment):
    router.include_router(part.router)
