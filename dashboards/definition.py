"""What a dashboard is made of, without a word of Grafana's JSON.

Titles and descriptions are not here: they are catalogue texts, found by the keys of dashboard and
panel (``dashboards.{dashboard}.{panel}.title`` and ``.about``).
"""

from dataclasses import dataclass
from enum import StrEnum

from dashboards.palette import Colour


class Source(StrEnum):
    """The data sources by their fixed uid, as provisioning makes them."""

    INFLUX = "huanwei-influxdb"
    POSTGRES = "huanwei-postgres"


class Shape(StrEnum):
    """How a PostgreSQL result is meant, in Grafana's words."""

    TABLE = "table"
    TIME_SERIES = "time_series"


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxQuery:
    """A Flux text with Grafana's ``v.`` record and variables in it."""

    text: str
    ref: str = "A"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlQuery:
    """A SQL text over the views of the schema ``dashboards``, with Grafana's macros in it."""

    text: str
    shape: Shape = Shape.TABLE
    ref: str = "A"


Query = FluxQuery | SqlQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a panel lies on the grid: 24 columns wide, rows of 30 pixels."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From this value on (None: from below everything) a number has this colour."""

    at: float | None
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a value of the data is called, and its colour."""

    value: str
    text: str
    colour: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How numbers and states are shown. ``unit`` is one of Grafana's unit ids."""

    unit: str
    decimals: int | None = None
    lowest: float | None = None
    highest: float | None = None
    steps: tuple[Step, ...] = ()
    meanings: tuple[Meaning, ...] = ()


class Cell(StrEnum):
    """How a column of a table shows its values."""

    TEXT = "auto"
    COLOURED_TEXT = "color-text"
    COLOURED = "color-background"
    PICTURE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of the data. Its title is the text ``dashboards.column.{title}``.

    ``link`` is an address; ``hidden`` columns are there for links and tooltips only.
    """

    name: str
    title: str | None = None
    look: Look | None = None
    cell: Cell = Cell.TEXT
    width: int | None = None
    link: str | None = None
    hidden: bool = False
    colour: Colour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """What every panel has. ``none`` names the text shown where there is no data:
    ``dashboards.none.{none}``. ``link`` leads from the panel's title elsewhere.
    """

    key: str
    box: Box
    queries: tuple[Query, ...]
    look: Look
    none: str
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPanel(_Panel):
    """One number, big, coloured by its steps."""

    sparkline: bool = False
    background: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePanel(_Panel):
    """Numbers over time. ``label`` names the series by Grafana's display-name syntax."""

    label: str | None = None
    fields: tuple[Field, ...] = ()
    bars: bool = False
    stacked: bool = False
    limits_drawn: bool = False
    legend: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePanel(_Panel):
    """States over time, a row a series; the look's meanings name and colour them."""

    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePanel(_Panel):
    """Rows. Columns come in the order of the query; those without a field of ours are as they are.

    ``tall`` rows show pictures well.
    """

    fields: tuple[Field, ...]
    tall: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsPanel(_Panel):
    """Bars, a group for each value of the column ``category``; ``fields`` are their heights."""

    category: str
    fields: tuple[Field, ...]
    stacked: bool = False
    horizontal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPanel(_Panel):
    """Markers where ``latitude`` and ``longitude`` say, coloured by the column ``colour_by`` (with
    the look's meanings), sized by the column ``size_by`` from ``smallest`` to ``largest`` pixels.
    """

    colour_by: str
    size_by: str
    fields: tuple[Field, ...]
    smallest: int = 5
    largest: int = 14


Panel = NumberPanel | CurvePanel | TimelinePanel | TablePanel | BarsPanel | MapPanel


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A variable that is filled by a query: columns ``__value`` and ``__text``.

    ``all_matches`` is the value of "All" (a regular expression); without it "All" stands for every
    option there is, which is what makes a choice follow the choices before it. ``hidden``: made
    without being shown.
    """

    name: str
    query: SqlQuery
    several: bool = True
    everything: bool = True
    all_matches: str | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Events drawn over all curves of a dashboard; named ``dashboards.marks.{key}``.

    The query answers with ``time`` and ``text``.
    """

    key: str
    query: Query
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMarks:
    """Events that a running Huanwei has written in Grafana: those that have all of ``tags``."""

    key: str
    tags: tuple[str, ...]
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One dashboard. Its uid is ``huanwei-{key}-{language}`` for ever: links hang on it.

    ``links`` are keys of other dashboards; variables and time go with the reader.
    """

    key: str
    panels: tuple[Panel, ...]
    choices: tuple[Choice, ...] = ()
    marks: tuple[Marks | WrittenMarks, ...] = ()
    links: tuple[str, ...] = ()
    since: str = "now-24h"
    refresh: str = "30s"
