"""The page of weeks, months and years: what the reader asks for, and the ranking in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import floor
from urllib.parse import urlencode

from api.assessment import Assessment, AssessmentQuestion, area_name
from api.console.palette import Mark
from api.console.words import Words
from domain.assessment import (
    ASSESSABLE_FROM,
    AreaBy,
    AssessedArea,
    Period,
    PeriodName,
    period_of,
)
from domain.checks import InvalidValueError
from domain.registry import RegistrySnapshot
from texts.formatting import DISTRICT_ZONE, format_count, format_day, format_fine_share

PATH = "/assessment"
TABLE_PATH = "/api/v1/measures/assessment.csv"
_A_DAY = timedelta(days=1)

_SORTS: Mapping[str, Callable[[AssessedArea], float | None]] = {
    "rank": lambda one: one.rank,
    "places": lambda one: one.places,
    "share": lambda one: one.hours.share if one.assessable else None,
    "coverage": lambda one: one.coverage.ratio,
    "reported": lambda one: one.cases.reported,
    "due": lambda one: one.cases.due,
    "closed": lambda one: one.cases.closed,
    "on_time": lambda one: one.cases.on_time_closure_rate,
    "late": lambda one: one.cases.late,
}
"""What each column is sorted by; what is not known stands at the end, whichever way."""

_DOWN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the reader asks for. ``name`` is None for own dates; ``fault`` tells that those given
    could not be used. ``sort`` is a column, with a minus sign for the largest first.
    """

    name: PeriodName | None
    period: Period
    by: AreaBy
    level_percent: int
    sort: str
    fault: bool = False

    @property
    def question(self) -> AssessmentQuestion:
        """Return what is to be added up."""
        return AssessmentQuestion(period=self.period, by=self.by, level_percent=self.level_percent)

    @property
    def href(self) -> str:
        """Return the address of the page that answers this."""
        days = (
            {"first": self.period.since, "last": self.period.last_day}
            if self.name is None
            else {"period": self.name}
        )
        rest = {"by": self.by, "level": self.level_percent, "sort": self.sort}
        return f"{PATH}?{urlencode({**days, **rest})}"

    def table_href(self, words: Words) -> str:
        """Return the address of the same as a table file in the reader's language."""
        asked = {
            "since": self.period.since,
            "until": self.period.until,
            "by": self.by,
            "level": self.level_percent,
            "lang": words.locale.language_tag,
        }
        return f"{TABLE_PATH}?{urlencode(asked)}"


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


def asked_by(query: Mapping[str, str], *, today: date, levels: tuple[int, ...]) -> Asked:
    """Return what an address asks for; what cannot be used is taken as if it were not there."""
    name = next((one for one in PeriodName if one == query.get("period")), None)
    period, fault = None, False
    if name is None and (query.get("first") or query.get("last")):
        period = _own_period(query.get("first", ""), query.get("last", ""))
        fault = period is None
    if period is None:
        name = name or PeriodName.THIS_WEEK
        period = period_of(name, today)
    sort = query.get("sort", "")
    return Asked(
        name=name,
        period=period,
        by=next((one for one in AreaBy if one == query.get("by")), AreaBy.SUBDISTRICT),
        level_percent=next((one for one in levels if str(one) == query.get("level")), levels[0]),
        sort=sort if sort.removeprefix(_DOWN) in _SORTS else "rank",
        fault=fault,
    )


def assessment_view(
    asked: Asked,
    found: Assessment,
    *,
    registry: RegistrySnapshot,
    levels: tuple[int, ...],
    words: Words,
) -> AssessmentView:
    """Return the page."""
    say = _saying(words)
    first, last = (
        format_day(day, words.locale) for day in (asked.period.since, asked.period.last_day)
    )
    today = found.at.astimezone(DISTRICT_ZONE).date()
    limit = words.share(ASSESSABLE_FROM)
    notes = [
        say("note.share", level=words.share(asked.level_percent / 100)),
        say("note.coverage", limit=limit),
        say("note.cases"),
    ]
    if asked.by is AreaBy.UNIT:
        notes.append(say("note.unit"))
    return AssessmentView(
        district=words.name(registry.district),
        span=say("span", since=first, until=last) if first != last else first,
        as_of=say("as_of", time=words.time(found.at)),
        running=say("running") if asked.period.since <= today < asked.period.until else "",
        periods=tuple(
            Choice(
                label=words.word(name),
                href=replace(asked, name=name).href,
                chosen=name is asked.name,
            )
            for name in PeriodName
        ),
        areas=tuple(
            Choice(label=words.word(by), href=replace(asked, by=by).href, chosen=by is asked.by)
            for by in AreaBy
        ),
        levels=tuple(
            Choice(
                label=words.share(level / 100),
                href=replace(asked, level_percent=level).href,
                chosen=level == asked.level_percent,
            )
            for level in levels
        ),
        first=asked.period.since.isoformat(),
        last=asked.period.last_day.isoformat(),
        own_dates=asked.name is None,
        kept=(("by", asked.by), ("level", str(asked.level_percent)), ("sort", asked.sort)),
        fault=say("fault") if asked.fault else "",
        away=say("away") if found.readings_away else "",
        columns=_columns(asked, words),
        rows=tuple(
            _row(
                one,
                area_name(one.area, asked.by, registry, words.catalogue, words.locale),
                found,
                words,
            )
            for one in _sorted(found, asked.sort)
        ),
        total=_row(found.total, say("total"), found, words),
        notes=tuple(notes),
        table_href=asked.table_href(words),
    )


def _own_period(first: str, last: str) -> Period | None:
    try:
        return Period(since=date.fromisoformat(first), until=date.fromisoformat(last) + _A_DAY)
    except (ValueError, OverflowError, InvalidValueError):
        return None


def _columns(asked: Asked, words: Words) -> tuple[Column, ...]:
    say = _saying(words)
    by, down = asked.sort.removeprefix(_DOWN), asked.sort.startswith(_DOWN)
    columns = []
    for key in _SORTS:
        # Figures are looked at from the largest on, ranks from the first.
        turned = down if key == by else key == "rank"
        columns.append(
            Column(
                key=key,
                label=say(f"column.{key}"),
                href=replace(asked, sort=key if turned else _DOWN + key).href,
                sorted=("descending" if down else "ascending") if key == by else "none",
            )
        )
    return tuple(columns)


def _sorted(found: Assessment, sort: str) -> list[AssessedArea]:
    value_of, down = _SORTS[sort.removeprefix(_DOWN)], sort.startswith(_DOWN)

    def key(one: AssessedArea) -> tuple[bool, float]:
        value = value_of(one)
        return value is None, 0.0 if value is None else -value if down else value

    return sorted(found.areas, key=key)


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
