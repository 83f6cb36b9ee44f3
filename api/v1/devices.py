"""Devices and whether they can be relied on."""

from fastapi import APIRouter

from api.present import latest_records
from api.request_facts import Parts, Reader
from api.v1.answers import Answer, DeviceAnswer
from domain.device_quality import DeviceQuality
from domain.devices import Device
from texts.catalogue import Catalogue, Locale

router = APIRouter(tags=["devices"])


class QualityAnswer(Answer):
    """What became of a device's records in the last 24 hours. Refusals and doubts are counts by
    reason; `clock_ahead_s` (negative: behind) and `coverage_ratio` are null while not known.
    """

    state: str
    state_text: str
    hours_due: int
    hours_observed: int
    coverage_ratio: float | None
    refused: dict[str, int]
    suspicious: dict[str, int]
    conflicts: int
    late: int
    clock_ahead_s: float | None
    clock_is_off: bool

    @classmethod
    def of(cls, quality: DeviceQuality, catalogue: Catalogue, locale: Locale) -> "QualityAnswer":
        """Tell a device's quality."""
        ahead = quality.clock_ahead
        return cls(
            state=quality.state,
            state_text=catalogue.word(quality.state, locale),
            hours_due=quality.coverage.due,
            hours_observed=quality.coverage.observed,
            coverage_ratio=quality.coverage.ratio,
            refused=dict(quality.refused),
            suspicious=dict(quality.suspicious),
            conflicts=quality.refused.get("conflict", 0),
            late=quality.late,
            clock_ahead_s=None if ahead is None else ahead.total_seconds(),
            clock_is_off=quality.skewed,
        )


class GatewayAnswer(Answer):
    """A gateway's sequences in the last 24 hours: how often one was overtaken, how many are not
    here now, how many can no longer come; and refusals of what no known device has sent.
    """

    gateway_id: str
    gaps: int
    missing: int
    lost: int
    refused: dict[str, int]


class ListedDeviceAnswer(DeviceAnswer):
    """A device with the quality of what it sends."""

    quality: QualityAnswer


class DeviceListAnswer(Answer):
    """All devices, and how many of them are in which state. What is not `ok` is not covered."""

    by_state: dict[str, int]
    devices: list[ListedDeviceAnswer]
    gateways: list[GatewayAnswer]


@router.get("/devices", summary="All devices and their health")
def list_devices(parts: Parts, locale: Reader) -> DeviceListAnswer:
    """Tell each device's last sign of life, battery and signal: silence is never `ok`."""
    registry, latest, now = parts.registry.current(), latest_records(parts), parts.clock.now()
    devices: list[Device] = [*registry.sensors.values(), *registry.cameras.values()]
    answers = [
        DeviceAnswer.of(
            device,
            latest.get(device.device_id),
            now,
            parts.health_limits,
            parts.catalogue,
            locale,
        )
        for device in devices
    ]
    by_state: dict[str, int] = {}
    for answer in answers:
        by_state[answer.state] = by_state.get(answer.state, 0) + 1
    qualities = parts.qualities.of_devices(devices, until=now)
    return DeviceListAnswer(
        by_state=by_state,
        devices=[
            ListedDeviceAnswer(
                **answer.model_dump(),
                quality=QualityAnswer.of(qualities[answer.device_id], parts.catalogue, locale),
            )
            for answer in answers
        ],
        gateways=[
            GatewayAnswer(
                gateway_id=gateway_id,
                gaps=quality.gaps,
                missing=quality.missing,
                lost=quality.lost,
                refused=dict(quality.refused),
            )
            for gateway_id, quality in parts.qualities.of_gateways(until=now).items()
        ],
    )
