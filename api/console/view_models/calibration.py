"""A camera's calibration as a page shows it, and what a browser sends back, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from api.console.palette import Mark
from api.console.view_models.ground_scale import GroundScale, ground_scale
from api.console.view_models.pictures import VerdictRow, verdict_row, worst_by_zone, zone_names
from api.console.words import Words
from domain.calibration import (
    BadZoneError,
    CalibrationVersion,
    CameraCalibration,
    ZoneFault,
    check_zones,
)
from domain.checks import InvalidValueError
from domain.devices import Zone, ZoneKind
from domain.places import WasteContainer, polygon_of
from domain.ports.camera_bench import Trial
from domain.records import CameraHealth

MOST_ZONES = 32
DEFAULT_RIM = 0.275
_LEAST_M2, _MOST_M2 = 0.1, 10_000
_SHORTEST_SIDE_M, _LONGEST_SIDE_M = 0.3, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorZone:
    """A zone as the editor draws it."""

    zone_id: str
    kind: ZoneKind
    points: tuple[tuple[float, float], ...]
    area_m2: float | None
    container_id: str | None
    rim_share: float
    sides_m: tuple[float, float] | None = None

    def as_json(self) -> dict[str, object]:
        """Return it for the browser."""
        return {
            "id": self.zone_id,
            "kind": str(self.kind),
            "points": [list(point) for point in self.points],
            "area": self.area_m2,
            "container": self.container_id,
            "rim": self.rim_share,
            "sides": self.sides_m,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """One picture of a trial."""

    key: str
    number: int
    title: str
    health: str
    health_mark: Mark
    verdicts: tuple[VerdictRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialMarks:
    """What is drawn over the picture: boxes in relative coordinates, each zone's mark."""

    boxes: tuple[dict[str, object], ...]
    states: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One saved version."""

    key: str
    number: int
    title: str
    saved: str
    note: str
    in_force: bool


def editor_zones(zones: Sequence[Zone]) -> tuple[EditorZone, ...]:
    """Return zones for the editor."""
    return tuple(
        EditorZone(
            zone_id=zone.zone_id,
            kind=zone.kind,
            points=zone.polygon,
            area_m2=zone.area_m2,
            container_id=zone.container_id,
            rim_share=DEFAULT_RIM if zone.rim_share is None else zone.rim_share,
            sides_m=zone.sides_m,
        )
        for zone in zones
    )


def zones_of(sent: Any, containers: frozenset[str]) -> tuple[Zone, ...]:  # noqa: ANN401  from a browser
    """Return the zones that a browser sent; raise :class:`InvalidValueError` for what is none.

    ``containers`` are those a bin may name.
    """
    if not isinstance(sent, list) or len(sent) > MOST_ZONES:
        msg = f"zones: not a list of at most {MOST_ZONES}"
        raise InvalidValueError(msg)
    return tuple(_zone_of(one, containers) for one in sent)


def _zone_of(sent: Any, containers: frozenset[str]) -> Zone:  # noqa: ANN401  from a browser
    try:
        zone_id, kind = str(sent["id"]), ZoneKind(sent["kind"])
        points = tuple((_number(x), _number(y)) for x, y in sent["points"])
        if not all(0 <= side <= 1 for point in points for side in point):
            raise BadZoneError(zone_id, ZoneFault.OUTSIDE)
        rim = sent.get("rim")
        is_bin, is_ground = kind is ZoneKind.BIN, kind is ZoneKind.GROUND
        has_rim = is_bin and rim is not None and _number(rim) != DEFAULT_RIM
        zone = Zone(
            zone_id=zone_id,
            kind=kind,
            polygon=polygon_of("polygon", points),
            container_id=_container(sent.get("container"), containers) if is_bin else None,
            area_m2=_area(zone_id, sent.get("area")) if is_ground else None,
            rim_share=round(_number(rim), 4) if has_rim else None,
        )
        sides = _sides(zone_id, sent.get("sides")) if is_ground else None
    except InvalidValueError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"zone: {type(error).__name__}"
        raise InvalidValueError(msg) from error
    try:
        return replace(zone, sides_m=sides)
    except InvalidValueError as error:
        # Each side is in its range by now: it is the polygon that has none.
        raise BadZoneError(zone_id, ZoneFault.NO_RECTANGLE) from error


def _area(zone_id: str, sent: Any) -> float | None:  # noqa: ANN401  from a browser
    if sent is None:
        return None
    area = _number(sent)
    if not _LEAST_M2 <= area <= _MOST_M2:
        raise BadZoneError(zone_id, ZoneFault.BAD_SIZE)
    return area


def _sides(zone_id: str, sent: Any) -> tuple[float, float] | None:  # noqa: ANN401  from a browser
    if sent is None:
        return None
    across, along = sent
    if across is None and along is None:
        return None
    if across is None or along is None:
        raise BadZoneError(zone_id, ZoneFault.ONE_SIDE)
    sides = (_number(across), _number(along))
    if not all(_SHORTEST_SIDE_M <= side <= _LONGEST_SIDE_M for side in sides):
        raise BadZoneError(zone_id, ZoneFault.BAD_SIDES)
    return sides


def scales_of(sent: Any) -> tuple[GroundScale, ...]:  # noqa: ANN401  from a browser
    """Return the scale of every ground that is whole, whatever the other zones are."""
    scales = []
    for one in sent if isinstance(sent, list) else ():
        try:
            (zone,) = zones_of([one], frozenset())
            check_zones([zone])
        except InvalidValueError:
            continue
        scales.append(ground_scale(zone))
    return tuple(scale for scale in scales if scale is not None)


def refusal_text(error: InvalidValueError, zones: Any, words: Words) -> str:  # noqa: ANN401  from a browser
    """Return in a technician's words why ``zones``, as the browser sent them, are refused."""
    if not isinstance(error, BadZoneError):
        return words.say("calibration.unreadable_zones", why=str(error))
    return words.joined((sent_name(error.zone_id, zones, words), words.word(error.fault)))


def sent_name(zone_id: str, zones: Any, words: Words) -> str:  # noqa: ANN401  from a browser
    """Return what the editor calls a zone that it sent: its kind, numbered where there are more."""
    for kind in ZoneKind:
        same = [zone["id"] for zone in zones if isinstance(zone, dict) and zone.get("kind") == kind]
        if zone_id in same:
            number = f" {same.index(zone_id) + 1}" if len(same) > 1 else ""
            return words.say(f"editor.{kind}") + number
    return zone_id


def _container(sent: Any, containers: frozenset[str]) -> str | None:  # noqa: ANN401  from a browser
    if sent is not None and sent not in containers:
        msg = f"container: not one of this place: {str(sent)[:40]!r}"
        raise InvalidValueError(msg)
    return None if sent is None else str(sent)


def _number(value: Any) -> float:  # noqa: ANN401  from a browser
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return round(float(value), 5)


def trial_rows(trial: Trial, zones: Sequence[Zone], words: Words) -> tuple[TrialRow, ...]:
    """Return what is said of each picture, the newest first."""
    names = zone_names(zones, words)
    rows = []
    for number in sorted(trial.verdicts, reverse=True):
        said = trial.verdicts[number]
        healthy = said.camera_health is CameraHealth.OK
        rows.append(
            TrialRow(
                key=str(number),
                number=number,
                title=words.say("calibration.picture_number", number=number),
                health=words.word(said.camera_health),
                health_mark=Mark.CLEAN if healthy else Mark.UNKNOWN,
                verdicts=tuple(
                    verdict_row(verdict, names.get(verdict.zone_id, verdict.zone_id), words)
                    for verdict in said.verdicts
                ),
            )
        )
    return tuple(rows)


def trial_marks(trial: Trial, number: int) -> TrialMarks:
    """Return what is drawn over the picture of that number."""
    said = trial.verdicts.get(number)
    if said is None:
        return TrialMarks(boxes=(), states={})
    worst = worst_by_zone(said.verdicts)
    return TrialMarks(
        boxes=tuple(
            {"frame": list(box), "mark": str(worst[verdict.zone_id])}
            for verdict in said.verdicts
            for box in verdict.boxes
        ),
        states={zone_id: str(mark) for zone_id, mark in worst.items()},
    )


def version_rows(
    versions: Sequence[CalibrationVersion],
    current: CameraCalibration,
    words: Words,
    *,
    found_note: str,
) -> tuple[VersionRow, ...]:
    """Return the versions, the newest first; the newest that equals what is in force is marked."""
    in_force = next((v.number for v in versions if v.calibration == current), None)
    return tuple(
        VersionRow(
            key=str(version.number),
            number=version.number,
            title=words.say("calibration.version", number=version.number),
            saved=words.joined((words.time(version.saved_at), words.word(version.saved_by))),
            note=words.say("calibration.version_found")
            if version.note == found_note
            else version.note,
            in_force=version.number == in_force,
        )
        for version in versions
    )


def containers_at(containers: Mapping[str, WasteContainer], place_id: str) -> tuple[str, ...]:
    """Return the ids of the containers of a place."""
    return tuple(
        container_id
        for container_id, container in containers.items()
        if container.place_id == place_id
    )
