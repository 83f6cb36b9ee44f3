"""The task page of a crew's phone: the view put into words and markup."""

from dataclasses import dataclass

from api.crew_view import (
    Checker,
    CrewStep,
    Sight,
    Standing,
    checker,
    form_key,
    last_send_back,
    newest_sight,
    next_step,
    standing,
    steps_done,
)
from api.page_rendering import render
from api.parts import CentreParts
from api.place_sketch import HEIGHT, WIDTH, Neighbour, nearest_neighbour, sketch_of
from api.present import latest_records
from domain.cases import Case, CaseState
from domain.places import Place
from texts.catalogue import Locale
from texts.formatting import format_duration, format_time, name_in

_WATCHED_REFRESH_S = 8
_IDLE_REFRESH_S = 60
_METRES_A_KILOMETRE = 1000
_NEAREST_TEN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """How a page was asked for. ``query`` keeps a language chosen by hand in every address."""

    token: str
    locale: Locale
    query: str = ""
    moved_on: bool = False
    problem: str = ""


def task_page(parts: CentreParts, case: Case, asked: PageRequest) -> str:
    """Return the page of a case as it stands now."""
    registry, locale = parts.registry.current(), asked.locale
    place = registry.places[case.place_id]
    unit = registry.units.get(case.unit_id)
    step = next_step(case)
    return render(
        "task.html",
        locale,
        parts.catalogue,
        asked=asked,
        address=f"/c/{asked.token}",
        other_locale=Locale.EN if locale is Locale.ZH_CN else Locale.ZH_CN,
        case=case,
        problem_class=parts.catalogue.word(case.problem_class, locale),
        place_name=name_in(place.name, locale),
        surroundings=_surroundings(parts, place, locale),
        unit_name=name_in(unit.name, locale) if unit else case.unit_id,
        standing=standing(case),
        message=_message(parts, case, locale),
        step=step,
        key=form_key(case, step) if step else "",
        steps_done=steps_done(case),
        timing=_timing(parts, case, locale),
        sight=_sight(parts, newest_sight(case, registry, latest_records(parts)), locale),
        sketch=sketch_of(place, registry, lambda other: name_in(other.name, locale)),
        sketch_size=(WIDTH, HEIGHT),
        refresh_s=_refresh_s(step, standing(case), asked),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When it must be done, and how much is left of that; ``over`` when nothing is."""

    due: str
    left: str
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """How the case stands, where there is more to say than the next step."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureView:
    """A picture with its caption; not ``here`` while it is still on its way."""

    sight: Sight
    here: bool
    caption: str


def _timing(parts: CentreParts, case: Case, locale: Locale) -> Timing | None:
    if case.due_at is None or standing(case) not in (Standing.TO_DO, Standing.REWORK):
        return None
    left = case.due_at - parts.clock.now()
    over = left.total_seconds() < 0
    return Timing(
        due=parts.catalogue.text("crew.due", locale, time=format_time(case.due_at, locale)),
        left=parts.catalogue.text(
            "crew.time_over" if over else "crew.time_left",
            locale,
            duration=format_duration(left, locale),
        ),
        over=over,
    )


def _message(parts: CentreParts, case: Case, locale: Locale) -> Message | None:
    stands = standing(case)

    def say(key: str, **values: str) -> str:
        return parts.catalogue.text(f"crew.state.{key}", locale, **values)

    if stands is Standing.TO_DO:
        return None
    if stands is Standing.REWORK:
        return Message(title=say("rework.title"), lines=_rework_lines(parts, case, locale))
    title = say(f"{stands}.title")
    if stands is Standing.WAITING:
        checked_by: Checker = checker(case, parts.registry.current())
        return Message(title=title, lines=(say(f"waiting.{checked_by}"),))
    if stands is Standing.CLOSED:
        return Message(title=title, lines=(say("closed.text"),))
    state = parts.catalogue.word(case.state, locale)
    return Message(title=title, lines=(say(f"{stands}.text", state=state),))


def _rework_lines(parts: CentreParts, case: Case, locale: Locale) -> tuple[str, ...]:
    problem = parts.catalogue.word(case.problem_class, locale)
    lines = [parts.catalogue.text("crew.state.rework.text", locale, problem=problem)]
    entry = last_send_back(parts.book.log(case.case_id))
    if entry is not None:
        if entry.note:
            lines.append(entry.note)
        lines.append(
            parts.catalogue.text(
                "crew.state.rework.by",
                locale,
                actor=parts.catalogue.word(entry.actor, locale),
                time=format_time(entry.at, locale),
            )
        )
    return tuple(lines)


def _surroundings(parts: CentreParts, place: Place, locale: Locale) -> tuple[str, ...]:
    registry = parts.registry.current()
    subdistrict = name_in(registry.subdistricts[place.subdistrict_id].name, locale)
    lines = [f"{subdistrict} · {parts.catalogue.word(place.area_kind, locale)}"]
    neighbour = nearest_neighbour(place, registry)
    if neighbour is not None:
        lines.append(_near(parts, neighbour, locale))
    return tuple(lines)


def _near(parts: CentreParts, neighbour: Neighbour, locale: Locale) -> str:
    name = name_in(neighbour.place.name, locale)
    if neighbour.is_beside:
        return parts.catalogue.text("crew.near_at", locale, place=name)
    if neighbour.distance_m < _METRES_A_KILOMETRE:
        number = f"{max(10, round(neighbour.distance_m, _NEAREST_TEN)):.0f}"
        distance = parts.catalogue.text("crew.metres", locale, number=number)
    else:
        number = f"{neighbour.distance_m / _METRES_A_KILOMETRE:.1f}"
        distance = parts.catalogue.text("crew.kilometres", locale, number=number)
    direction = parts.catalogue.text(f"crew.direction.{neighbour.direction}", locale)
    return parts.catalogue.text(
        "crew.near_away", locale, place=name, direction=direction, distance=distance
    )


def _sight(parts: CentreParts, sight: Sight | None, locale: Locale) -> PictureView | None:
    if sight is None:
        return None
    return PictureView(
        sight=sight,
        here=parts.pictures.get(sight.sha256) is not None,
        caption=parts.catalogue.text(
            "crew.picture.at", locale, time=format_time(sight.seen_at, locale)
        ),
    )


def _refresh_s(step: CrewStep | None, stands: Standing, asked: PageRequest) -> int | None:
    """How soon the page looks again; never while somebody may have chosen photos in it."""
    if step is CrewStep.FINISH or asked.problem:
        return None
    return _WATCHED_REFRESH_S if stands is Standing.WAITING else _IDLE_REFRESH_S


HANDLED_STATES = frozenset({CaseState.AWAITING_VERIFICATION, CaseState.CLOSED})
"""A crew that sends its photos again now has what it wanted."""
