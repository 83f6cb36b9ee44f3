"""All routes of version 1."""

from fastapi import APIRouter

from api.v1 import alerts, cases, devices, places

router = APIRouter()
for part in (places, cases, devices, alerts):
    router.include_router(part.router)
