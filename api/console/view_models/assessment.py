"""The page of weeks, months and years: what the reader asks for, and the ranking in words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import floor

from api.assessment import Assessment, area_name
from api.console.palette import Mark
from api.console.view_models.assessment_asked import DOWN, SORTS, Asked, in_order
from api.console.words import Words
from domain.assessment import ASSESSABLE_FROM, AreaBy, AssessedArea, PeriodName
from domain.registry import RegistrySnapshot
from texts.formatting import DISTRICT_ZONE, format_count, format_day, format_fine_share


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several links, ``chosen`` where the page is that already."""

    label: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A heading. ``href`` sorts by it; ``sorted`` is ``ascending``, ``descending`` or ``none``."""

    key: str
    label: str
    href: str
    sorted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A figure with what it is made of; with a mark where it must not be taken as it stands."""

    text: str
    detail: str = ""
    mark: Mark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRow:
    """A line of the ranking, its cells by column."""

    area: str
    note: str
    rank: str
    places: str
    share: Measure
    coverage: Measure
    reported: str
    due: str
    closed: str
    on_time: str
    late: str
    needs_look: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentView:
    """Everything of the page."""

    district: str
    span: str
    as_of: str
    running: str
    periods: tuple[Choice, ...]
    areas: tuple[Choice, ...]
    levels: tuple[Choice, ...]
    first: str
    last: str
    own_dates: bool
    kept: tuple[tuple[str, str], ...]
    fault: str
    away: str
    columns: tuple[Column, ...]
    rows: tuple[AreaRow, ...]
    total: AreaRow
    notes: tuple[str, ...]
    table_href: str


def assessment_view(
    asked: Asked,
    found: Assessment,
    *,
    registry: RegistrySnapshot,
    levels: tuple[int, ...],
    words: Words,
) -> AssessmentView:
    """Return the page."""
    say, period = _saying(words), asked.period
    first, last = format_day(period.since, words.locale), format_day(period.last_day, words.locale)
    today = found.at.astimezone(DISTRICT_ZONE).date()
    rows = (
        (one, area_name(one.area, asked.by, registry, words.catalogue, words.locale))
        for one in in_order(found.areas, asked.sort)
    )
    return AssessmentView(
        district=words.name(registry.district),
        span=say("span", since=first, until=last) if first != last else first,
        as_of=say("as_of", time=words.time(found.at)),
        running=say("running") if period.since <= today < period.until else "",
        periods=_choices(
            asked, ((words.word(name), replace(asked, name=name)) for name in PeriodName)
        ),
        areas=_choices(asked, ((words.word(by), replace(asked, by=by)) for by in AreaBy)),
        levels=_choices(
            asked,
            ((words.share(level / 100), replace(asked, level_percent=level)) for level in levels),
        ),
        first=period.since.isoformat(),
        last=period.last_day.isoformat(),
        own_dates=asked.name is None,
        kept=(("by", asked.by), ("level", str(asked.level_percent)), ("sort", asked.sort)),
        fault=say("fault") if asked.fault else "",
        away=say("away") if found.readings_away else "",
        columns=_columns(asked, words),
        rows=tuple(_row(one, name, found, words) for one, name in rows),
        total=_row(found.total, say("total"), found, words),
        notes=_notes(asked, words),
        table_href=asked.table_href(words.locale),
    )


def _choices(asked: Asked, others: Iterable[tuple[str, Asked]]) -> tuple[Choice, ...]:
    return tuple(
        Choice(label=label, href=other.href, chosen=other.href == asked.href)
        for label, other in others
    )


def _notes(asked: Asked, words: Words) -> tuple[str, ...]:
    """Return how the figures are made, for whoever reads them on paper too."""
    say = _saying(words)
    notes = (
        say("note.share", level=words.share(asked.level_percent / 100)),
        say("note.coverage", limit=words.share(ASSESSABLE_FROM)),
        say("note.cases"),
    )
    return (*notes, say("note.unit")) if asked.by is AreaBy.UNIT else notes


def _columns(asked: Asked, words: Words) -> tuple[Column, ...]:
    say = _saying(words)
    by, down = asked.sort.removeprefix(DOWN), asked.sort.startswith(DOWN)
    columns = []
    for key in SORTS:
        # Figures are looked at from the largest on, ranks from the first.
        turned = down if key == by else key == "rank"
        columns.append(
            Column(
                key=key,
                label=say(f"column.{key}"),
                href=replace(asked, sort=key if turned else DOWN + key).href,
                sorted=("descending" if down else "ascending") if key == by else "none",
            )
        )
    return tuple(columns)


def _row(one: AssessedArea, name: str, found: Assessment, words: Words) -> AreaRow:
    say, cases = _saying(words), one.cases

    def count(number: int) -> str:
        return format_count(number, words.locale)

    rate = cases.on_time_closure_rate
    on_time = count(cases.closed_on_time)
    if rate is not None:
        on_time = say("rate", count=on_time, share=words.share(rate))
    return AreaRow(
        area=name,
        note="" if one.places or found.readings_away else say("no_places"),
        rank="—" if one.rank is None else str(one.rank),
        places=count(one.places),
        share=_share(one, found, words),
        coverage=_coverage(one, found, words),
        reported=count(cases.reported),
        due=count(cases.due),
        closed=count(cases.closed),
        on_time=on_time if cases.due else "—",
        late=count(cases.late) if cases.due else "—",
        needs_look=not one.assessable and one.coverage.due > 0,
    )


def _share(one: AssessedArea, found: Assessment, words: Words) -> Measure:
    """Return how long it was full; never a figure alone where too little was observed."""
    say, share = _saying(words), one.hours.share
    if found.readings_away or not one.places:
        return Measure(text="—")
    hours = say(
        "hours",
        above=format_count(one.hours.above, words.locale),
        measured=format_count(one.hours.measured, words.locale),
    )
    if not one.assessable:
        detail = hours if one.hours.measured else say("nothing_measured")
        return Measure(text=say("not_assessable"), detail=detail, mark=Mark.UNKNOWN)
    if share is None:
        return Measure(text="—", detail=say("nothing_measured"))
    return Measure(text=format_fine_share(share, words.locale), detail=hours)


def _coverage(one: AssessedArea, found: Assessment, words: Words) -> Measure:
    say, ratio = _saying(words), one.coverage.ratio
    if found.readings_away or not one.places:
        return Measure(text="—")
    if ratio is None:
        return Measure(text="—", detail=say("no_device"), mark=Mark.UNKNOWN)
    hours = say(
        "device_hours",
        observed=format_count(one.coverage.observed, words.locale),
        due=format_count(one.coverage.due, words.locale),
    )
    # Rounded up, 79.96 % would read as enough.
    text = format_fine_share(floor(1000 * ratio) / 1000, words.locale)
    if one.assessable:
        return Measure(text=text, detail=hours)
    too_little = say("too_little", limit=words.share(ASSESSABLE_FROM))
    return Measure(text=text, detail=words.joined((hours, too_little)), mark=Mark.UNKNOWN)


def _saying(words: Words) -> Callable[..., str]:
    """Return what says a text of this page."""

    def say(key: str, **values: object) -> str:
        return words.catalogue.text(f"assessment.{key}", words.locale, **values)

    return say
