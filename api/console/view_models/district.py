"""The district at a glance: places on the map, four counters, and what needs attention now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.console.palette import URGENCY, Mark
from api.console.situation import Situation
from api.console.view_models.cases import Timing, timing_of, unix_ms, urgency
from api.console.words import Words
from domain.alerts import Alert, AlertLevel
from domain.cases import Case
from domain.device_health import DeviceState, device_state
from domain.place_state import PlaceDevices, PresentPlace, is_overdue, present_place
from domain.places import Place
from domain.problems import ProblemClass

_NEEDS_SOMEBODY = (Mark.OVERDUE, Mark.PROBLEM, Mark.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMarker:
    """A place on the map. ``detail`` says in words what the mark says."""

    key: str
    latitude_deg: float
    longitude_deg: float
    mark: Mark
    label: str
    detail: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A subdistrict's outline as (latitude, longitude) in degrees."""

    label: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A number with its name; ``mark`` only where it is above zero, ``hint`` what it counts."""

    key: str
    label: str
    hint: str
    number: int
    href: str
    mark: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionRow:
    """A place where somebody must act or look. ``case_href`` is empty without a case."""

    key: str
    mark: Mark
    state: str
    place: str
    href: str
    why: str
    who: str
    case_number: str
    case_href: str
    timing: Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictView:
    """Everything of the first page."""

    markers: tuple[PlaceMarker, ...]
    outlines: tuple[Outline, ...]
    counters: tuple[Counter, ...]
    attention: tuple[AttentionRow, ...]


def present_places(situation: Situation) -> Mapping[str, PresentPlace]:
    """Return how each place stands now."""
    return {place_id: present_of(place_id, situation) for place_id in situation.registry.places}


def present_of(place_id: str, situation: Situation) -> PresentPlace:
    """Return how one place stands now."""
    latest = {
        device.device_id: record
        for device in situation.devices_at(place_id)
        if (record := situation.newest_of(device.device_id)) is not None
    }
    return present_place(
        PlaceDevices(
            sensors=situation.registry.sensors_at[place_id],
            cameras=situation.registry.cameras_at[place_id],
            latest=latest,
        ),
        alerts=situation.alerts_at.get(place_id, ()),
        cases=situation.cases_at.get(place_id, ()),
        now=situation.at,
        limits=situation.health_limits,
    )


def district_view(situation: Situation, words: Words) -> DistrictView:
    """Return the first page for one reader's language."""
    present = present_places(situation)
    places = situation.registry.places
    rows = (
        _attention_row(places[place_id], place_now, situation, words)
        for place_id, place_now in present.items()
        if mark_of(place_now) in _NEEDS_SOMEBODY
    )
    return DistrictView(
        markers=tuple(_marker(places[key], now, words) for key, now in present.items()),
        outlines=_outlines(situation, words),
        counters=_counters(situation, words),
        attention=tuple(sorted(rows, key=_attention_order)),
    )


def mark_of(present: PresentPlace) -> Mark:
    """Return the mark of a place's state."""
    return Mark(present.state.value)


def state_detail(present: PresentPlace, words: Words) -> str:
    """Return a place's state in words, with its highest level where one is known."""
    level = present.highest_level
    return words.joined(
        (
            words.word(present.state),
            words.say("fullest", level=words.share(level)) if level is not None else "",
        )
    )


def _marker(place: Place, present: PresentPlace, words: Words) -> PlaceMarker:
    return PlaceMarker(
        key=place.place_id,
        latitude_deg=place.location.latitude_deg,
        longitude_deg=place.location.longitude_deg,
        mark=mark_of(present),
        label=words.name(place.name),
        detail=state_detail(present, words),
        href=f"/place/{place.place_id}",
    )


def _outlines(situation: Situation, words: Words) -> tuple[Outline, ...]:
    return tuple(
        Outline(
            label=words.name(subdistrict.name),
            points=tuple((p.latitude_deg, p.longitude_deg) for p in subdistrict.outline),
        )
        for subdistrict in situation.registry.subdistricts.values()
        if subdistrict.outline
    )


def _counters(situation: Situation, words: Words) -> tuple[Counter, ...]:
    overflowing = {
        alert.place_id
        for alert in situation.open_alerts
        if alert.subject is ProblemClass.BIN_OVERFLOW and alert.level is AlertLevel.CRITICAL
    }
    offline = sum(
        device_state(
            device,
            situation.newest_of(device.device_id),
            situation.at,
            situation.health_limits,
        )
        in {DeviceState.SILENT, DeviceState.UNKNOWN}
        for device in situation.devices
    )
    overdue = sum(is_overdue(case, situation.at) for case in situation.open_cases)
    numbers = (
        ("overflowing", len(overflowing), "/cases", Mark.PROBLEM),
        ("open_cases", len(situation.open_cases), "/cases", None),
        ("overdue", overdue, "/cases", Mark.OVERDUE),
        ("offline", offline, "/devices?only=attention", Mark.UNKNOWN),
    )
    return tuple(
        Counter(
            key=key,
            label=words.say(f"counter.{key}"),
            hint=words.say(f"counter.{key}.hint"),
            number=number,
            href=href,
            mark=mark if number else None,
        )
        for key, number, href, mark in numbers
    )


def _attention_row(
    place: Place, present: PresentPlace, situation: Situation, words: Words
) -> AttentionRow:
    cases = sorted(
        situation.cases_at.get(place.place_id, ()), key=lambda case: urgency(case, situation.at)
    )
    case = cases[0] if cases else None
    alerts = [
        alert
        for alert in situation.alerts_at.get(place.place_id, ())
        if isinstance(alert.subject, ProblemClass)
    ]
    crew = situation.registry.crews.get(case.crew_id) if case else None
    return AttentionRow(
        key=place.place_id,
        mark=mark_of(present),
        state=words.word(present.state),
        place=words.name(place.name),
        href=f"/place/{place.place_id}",
        why=_why(cases, alerts, present, words),
        who=words.name(crew.name) if crew else "",
        case_number=case.number if case else "",
        case_href=f"/cases/{case.case_id}" if case else "",
        timing=_row_timing(case, alerts, situation, words),
    )


def _why(
    cases: Iterable[Case], alerts: Iterable[Alert], present: PresentPlace, words: Words
) -> str:
    problems = [words.word(case.problem_class) for case in cases]
    problems += [words.word(alert.subject) for alert in alerts]
    if problems:
        return words.joined(tuple(dict.fromkeys(problems)))
    return words.say("unknown_because", fresh=present.fresh_devices, devices=present.devices)


def _row_timing(
    case: Case | None, alerts: Iterable[Alert], situation: Situation, words: Words
) -> Timing:
    if case is not None:
        return timing_of(case, situation.at, words)
    for alert in alerts:
        text = words.say("ago", duration=words.duration(situation.at - alert.fired_at))
        return Timing(text=text, since_ms=unix_ms(alert.fired_at))
    return Timing(text="")


def _attention_order(row: AttentionRow) -> tuple[int, bool, int, str]:
    """The worst mark first; then what runs out of time, then what has waited longest."""
    timing = row.timing
    when_ms = timing.due_ms or timing.since_ms or 0
    return (URGENCY.index(row.mark), timing.due_ms is None, when_ms, row.place)
