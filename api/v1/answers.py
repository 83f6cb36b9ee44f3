"""What the API tells. Codes are for programs; each has a ``..._text`` for people beside it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from api.errors import ErrorCode
from domain.alerts import Alert
from domain.cases import Actor, Case, CaseAction, CaseState, legal_actions
from domain.device_health import HealthLimits, device_state, interval_s
from domain.devices import Camera, Device, FillSensor
from domain.place_state import PresentPlace, is_overdue
from domain.places import Name, Place
from domain.records import FillReading, Record, SnapshotVerdicts
from texts.catalogue import Catalogue, Locale


class Answer(BaseModel):
    """An answer; every field is always there."""

    model_config = ConfigDict(frozen=True)


class WrongField(Answer):
    """Where something was wrong, and what; never what was sent."""

    field: str
    reason: str


class ErrorDetail(Answer):
    """Why a request was refused: a code for programs, a text in the reader's language."""

    code: ErrorCode
    text: str
    fields: list[WrongField] = []


class ErrorAnswer(Answer):
    """The body of every refusal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"error": {"code": "unknown_case", "text": "没有这个案卷"}}]
        }
    )

    error: ErrorDetail


class NameAnswer(Answer):
    """A name in Chinese, and in English where there is one."""

    zh: str
    en: str | None

    @classmethod
    def of(cls, name: Name) -> "NameAnswer":
        """Tell a name."""
        return cls(zh=name.zh, en=name.en)


class AlertAnswer(Answer):
    """One episode of one condition; open while ``resolved_at`` is null."""

    alert_id: str
    place_id: str
    device_id: str | None
    subject: str
    subject_text: str
    level: str
    level_text: str
    fired_at: datetime
    resolved_at: datetime | None
    case_id: str | None
    picture_sha256: str | None
    reasons: list[str]
    reasons_text: list[str]

    @classmethod
    def of(cls, alert: Alert, catalogue: Catalogue, locale: Locale) -> "AlertAnswer":
        """Tell an alert."""
        return cls(
            alert_id=alert.alert_id,
            place_id=alert.place_id,
            device_id=alert.device_id,
            subject=alert.subject,
            subject_text=catalogue.word(alert.subject, locale),
            level=alert.level,
            level_text=catalogue.word(alert.level, locale),
            fired_at=alert.fired_at,
            resolved_at=alert.resolved_at,
            case_id=alert.case_id,
            picture_sha256=alert.picture_sha256,
            reasons=list(alert.reasons),
            reasons_text=[
                catalogue.text_or(f"alert_reason.{code}", locale, code) for code in alert.reasons
            ],
        )


class CaseAnswer(Answer):
    """A case as it stands; ``version`` grows by one with every step."""

    case_id: str
    number: str
    place_id: str
    problem_class: str
    problem_class_text: str
    source: str
    source_text: str
    state: str
    state_text: str
    version: int
    unit_id: str
    crew_id: str
    opened_at: datetime
    filed_at: datetime | None
    due_at: datetime | None
    accepted_at: datetime | None
    arrived_at: datetime | None
    finished_at: datetime | None
    ended_at: datetime | None
    overdue: bool
    escalation_level: int
    rework_count: int
    photo_doubts: int
    note: str

    @classmethod
    def of(cls, case: Case, now: datetime, catalogue: Catalogue, locale: Locale) -> "CaseAnswer":
        """Tell a case as it stands at business time ``now``."""
        return cls(
            case_id=case.case_id,
            number=case.number,
            place_id=case.place_id,
            problem_class=case.problem_class,
            problem_class_text=catalogue.word(case.problem_class, locale),
            source=case.source,
            source_text=catalogue.word(case.source, locale),
            state=case.state,
            state_text=catalogue.word(case.state, locale),
            version=case.version,
            unit_id=case.unit_id,
            crew_id=case.crew_id,
            opened_at=case.opened_at,
            filed_at=case.filed_at,
            due_at=case.due_at,
            accepted_at=case.accepted_at,
            arrived_at=case.arrived_at,
            finished_at=case.finished_at,
            ended_at=case.ended_at,
            overdue=is_overdue(case, now),
            escalation_level=case.escalation_level,
            rework_count=case.rework_count,
            photo_doubts=case.photo_doubts,
            note=case.note,
        )


class DeviceAnswer(Answer):
    """A device and whether it can be relied on. ``unknown`` and ``silent`` are not ``ok``."""

    device_id: str
    kind: str
    place_id: str
    model: str | None
    state: str
    state_text: str
    last_seen_at: datetime | None
    report_interval_s: int
    battery_ratio: float | None
    battery_v: float | None
    rssi_dbm: float | None
    camera_health: str | None
    latest_level: float | None
    latest_picture_sha256: str | None

    @classmethod
    def of(
        cls,
        device: Device,
        latest: Record | None,
        now: datetime,
        limits: HealthLimits,
        catalogue: Catalogue,
        locale: Locale,
    ) -> "DeviceAnswer":
        """Tell a device by its newest record."""
        state = device_state(device, latest, now, limits)
        values = latest.values if latest is not None else None
        fill = values if isinstance(values, FillReading) else None
        sight = values if isinstance(values, SnapshotVerdicts) else None
        return cls(
            device_id=device.device_id,
            kind="camera" if isinstance(device, Camera) else "fill_sensor",
            place_id=device.place_id,
            model=device.model if isinstance(device, FillSensor) else None,
            state=state,
            state_text=catalogue.word(state, locale),
            last_seen_at=latest.observed_at if latest is not None else None,
            report_interval_s=interval_s(device),
            battery_ratio=fill.battery_ratio if fill else None,
            battery_v=fill.battery_v if fill else None,
            rssi_dbm=fill.rssi_dbm if fill else None,
            camera_health=sight.camera_health if sight else None,
            latest_level=fill.filling_level if fill else None,
            latest_picture_sha256=sight.picture_sha256 if sight else None,
        )


class PlaceAnswer(Answer):
    """A place and how it stands now. ``highest_level`` is a ratio, null without a fresh reading;
    ``fresh_devices`` of ``devices`` speak for the present.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "place_id": "place-012",
                    "name": {"zh": "柳巷口收集点", "en": "Willow Lane collection point"},
                    "kind": "collection_point",
                    "kind_text": "垃圾收集点",
                    "area_kind": "back_alley",
                    "area_kind_text": "背街小巷",
                    "subdistrict_id": "sub-east",
                    "grid_cell_id": "cell-0107",
                    "latitude_deg": 30.6601,
                    "longitude_deg": 113.1702,
                    "unit_id": "unit-clean-east",
                    "crew_id": "crew-east-1",
                    "state": "problem",
                    "state_text": "有问题",
                    "highest_level": 0.97,
                    "fresh_devices": 2,
                    "devices": 3,
                }
            ]
        }
    )

    place_id: str
    name: NameAnswer
    kind: str
    kind_text: str
    area_kind: str
    area_kind_text: str
    subdistrict_id: str
    grid_cell_id: str
    latitude_deg: float
    longitude_deg: float
    unit_id: str
    crew_id: str
    state: str
    state_text: str
    highest_level: float | None
    fresh_devices: int
    devices: int

    @classmethod
    def of(
        cls, place: Place, present: PresentPlace, catalogue: Catalogue, locale: Locale
    ) -> "PlaceAnswer":
        """Tell a place."""
        return cls(
            place_id=place.place_id,
            name=NameAnswer.of(place.name),
            kind=place.kind,
            kind_text=catalogue.word(place.kind, locale),
            area_kind=place.area_kind,
            area_kind_text=catalogue.word(place.area_kind, locale),
            subdistrict_id=place.subdistrict_id,
            grid_cell_id=place.grid_cell_id,
            latitude_deg=place.location.latitude_deg,
            longitude_deg=place.location.longitude_deg,
            unit_id=place.unit_id,
            crew_id=place.crew_id,
            state=present.state,
            state_text=catalogue.word(present.state, locale),
            highest_level=present.highest_level,
            fresh_devices=present.fresh_devices,
            devices=present.devices,
        )


def actions_by_role(state: CaseState, roles: frozenset[Actor]) -> dict[str, list[CaseAction]]:
    """Return what each role may do to a case in that state."""
    return {role: sorted(legal_actions(state, role)) for role in sorted(roles)}
