"""One place: what it is, what its cameras saw, its devices, alerts and cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.rules.ground_check import GroundCheck
from api.console.palette import Mark
from api.console.situation import Situation
from api.console.view_models.cases import CaseCard, case_card, crew_name, unit_name
from api.console.view_models.devices import DeviceRow, device_rows
from api.console.view_models.district import mark_of, present_of, state_detail
from api.console.view_models.ground_check import GroundCheckView, ground_check_view
from api.console.view_models.pictures import (
    BoxShape,
    VerdictRow,
    box_shapes,
    verdict_row,
    worst_by_zone,
    zone_names,
)
from api.console.words import Words
from domain.alerts import Alert
from domain.cases import Case
from domain.devices import Camera, Zone, ZoneKind
from domain.places import Place
from domain.records import Record, SnapshotVerdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneShape:
    """A zone's polygon in a picture of 100 by 100, and its name at a point inside; ``short`` is
    its number, where its neighbours' names would overlap.
    """

    points: str
    label: str
    short: str
    label_x: float
    label_y: float
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    """A camera's newest picture with what vision saw. ``sha256`` is None where none is kept."""

    key: str
    title: str
    taken: str
    health: str
    health_mark: Mark
    sha256: str | None
    zones: tuple[ZoneShape, ...]
    boxes: tuple[BoxShape, ...]
    verdicts: tuple[VerdictRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One alert; ``until`` is a dash while it is open."""

    key: str
    subject: str
    level: str
    since: str
    until: str
    reasons: str
    mark: Mark | None
    case_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """Everything of a place's page but its curve."""

    title: str
    mark: Mark
    state: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[PictureView, ...]
    devices: tuple[DeviceRow, ...]
    alerts: tuple[AlertRow, ...]
    cases: tuple[CaseCard, ...]
    ground_check: GroundCheckView | None


def place_view(
    place: Place,
    *,
    situation: Situation,
    cases: Sequence[Case],
    alerts: Sequence[Alert],
    words: Words,
    ground_check: GroundCheck | None = None,
    snapshots: Mapping[str, Record] | None = None,
) -> PlaceView:
    """Return a place's page; ``cases`` and ``alerts`` are its newest, ended ones included.

    ``ground_check`` is the newest look after an emptying, under way or ended; ``snapshots`` the
    verdicts of its pictures, by hash.
    """
    registry = situation.registry
    present = present_of(place.place_id, situation)
    cameras = registry.cameras_at[place.place_id]
    sensors = registry.sensors_at[place.place_id]
    return PlaceView(
        title=words.name(place.name),
        mark=mark_of(present),
        state=state_detail(present, words),
        facts=_facts(place, situation, words),
        pictures=tuple(picture_view(camera, situation, words) for camera in cameras),
        devices=device_rows((*sensors, *cameras), situation=situation, words=words),
        alerts=tuple(_alert_row(alert, words) for alert in alerts),
        cases=tuple(
            case_card(case, now=situation.at, registry=registry, words=words) for case in cases
        ),
        ground_check=None
        if ground_check is None
        else ground_check_view(ground_check, snapshots or {}, registry, words),
    )


def picture_view(camera: Camera, situation: Situation, words: Words) -> PictureView:
    """Return a camera's newest picture with zones, boxes and verdicts."""
    record = situation.verdicts.get(camera.device_id)
    if record is None or not isinstance(record.values, SnapshotVerdicts):
        return PictureView(
            key=camera.device_id,
            title=camera.device_id,
            taken=words.say("picture.none"),
            health=words.say("device.never_heard"),
            health_mark=Mark.UNKNOWN,
            sha256=None,
            zones=(),
            boxes=(),
            verdicts=(),
        )
    snapshot = record.values
    row = device_rows((camera,), situation=situation, words=words)[0]
    worst = worst_by_zone(snapshot.verdicts)
    names = zone_names(camera.zones, words)
    return PictureView(
        key=camera.device_id,
        title=camera.device_id,
        taken=words.say("picture.taken", time=words.time(record.observed_at)),
        health=row.health,
        health_mark=row.mark,
        sha256=snapshot.picture_sha256,
        zones=tuple(
            _zone_shape(zone, names[zone.zone_id], worst.get(zone.zone_id, Mark.UNKNOWN))
            for zone in camera.zones
            if zone.kind is not ZoneKind.IGNORE
        ),
        boxes=box_shapes(snapshot.verdicts),
        verdicts=tuple(
            verdict_row(verdict, names.get(verdict.zone_id, verdict.zone_id), words)
            for verdict in snapshot.verdicts
        ),
    )


def _facts(place: Place, situation: Situation, words: Words) -> tuple[tuple[str, str], ...]:
    registry = situation.registry
    subdistrict = registry.subdistricts[place.subdistrict_id]
    containers = sum(c.place_id == place.place_id for c in registry.containers.values())
    collecting = words.joined(
        (
            unit_name(place.collecting_unit_id, registry, words),
            crew_name(place.collecting_crew_id, registry, words),
        )
    )
    responsible = words.joined(
        (unit_name(place.unit_id, registry, words), crew_name(place.crew_id, registry, words))
    )
    return (
        (
            words.say("fact.kind"),
            words.joined((words.word(place.kind), words.word(place.area_kind))),
        ),
        (words.say("fact.subdistrict"), words.name(subdistrict.name)),
        (words.say("fact.responsible"), responsible),
        (words.say("fact.collecting"), collecting),
        (words.say("fact.containers"), str(containers)),
        (words.say("fact.place_id"), place.place_id),
    )


def _zone_shape(zone: Zone, label: str, mark: Mark) -> ZoneShape:
    left = min(x for x, _ in zone.polygon)
    top = min(y for _, y in zone.polygon)
    return ZoneShape(
        points=" ".join(f"{100 * x:.2f},{100 * y:.2f}" for x, y in zone.polygon),
        label=label,
        short=label.rsplit(" ", 1)[-1] if label[-1].isdigit() else "",
        label_x=round(100 * left, 2),
        label_y=round(100 * top, 2),
        mark=mark,
    )


def _alert_row(alert: Alert, words: Words) -> AlertRow:
    return AlertRow(
        key=alert.alert_id,
        subject=words.joined((words.word(alert.subject), alert.device_id or "")),
        level=words.word(alert.level),
        since=words.time(alert.fired_at),
        until=words.time(alert.resolved_at),
        reasons=words.joined(tuple(words.alert_reason(code) for code in alert.reasons)),
        mark=Mark.PROBLEM if alert.resolved_at is None else None,
        case_href=f"/cases/{alert.case_id}" if alert.case_id else "",
    )
