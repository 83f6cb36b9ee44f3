"""Alerts that are open now."""

from fastapi import APIRouter

from api.request_facts import Parts, Reader
from api.v1.answers import AlertAnswer, Answer

router = APIRouter(tags=["alerts"])


class AlertListAnswer(Answer):
    """Open alerts, the newest first."""

    alerts: list[AlertAnswer]


@router.get("/alerts", summary="Open alerts of places and devices")
def list_alerts(parts: Parts, locale: Reader) -> AlertListAnswer:
    """Tell every alert that has not been resolved; those of a place come with its detail too."""
    return AlertListAnswer(
        alerts=[
            AlertAnswer.of(alert, parts.catalogue, locale) for alert in parts.book.open_alerts()
        ]
    )
