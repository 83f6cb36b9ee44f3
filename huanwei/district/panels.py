"""Every panel's query put to InfluxDB and PostgreSQL directly, as Grafana would put it.

What it cannot tell is how a panel looks: that needs a Grafana (`make test-grafana`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from dashboards.interpretation import View, flux_text, sql_text, with_default_bucket
from dashboards.looking import opened
from dashboards.wanted import wanted_dashboards
from huanwei.clock_choice import business_clock
from huanwei.errors import StandsInTheWayError
from huanwei.influx import address
from huanwei.run_stores import postgres_url
from huanwei.settings import InfluxSection, Settings, SettingsError
from ingest.influx.server import InfluxAddress, InfluxError, InfluxServer
from texts.catalogue import Locale

_PLACE_WITH_MOST_CASES = """
SELECT p.place_id FROM dashboards.places p
WHERE p.cameras > 0 AND p.sensors > 0
ORDER BY (SELECT count(*) FROM dashboards.cases c WHERE c.place_id = p.place_id) DESC, p.place_id
LIMIT 1
"""
_NO_VALUES = frozenset({"result", "table", "_start", "_stop", "_time", "_field", "_measurement"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelAnswer:
    """What a panel got: how many rows with a value in them, or why it got none."""

    dashboard: str
    panel: str
    rows: int
    failure: str = ""

    @property
    def name(self) -> str:
        """Which panel it is, for people."""
        return f"{self.dashboard}: {self.panel}"

    @property
    def empty(self) -> bool:
        """Whether the panel would show nothing."""
        return self.rows == 0


class DistrictSources:
    """A district's two databases, asked as Grafana's data sources ask them. For one thread.

    ``reader``: name and password of the account that Grafana has; without it the run's own asks.
    """

    def __init__(self, settings: Settings, *, reader: tuple[str, str] | None = None) -> None:
        url, section = postgres_url(settings), settings.influx
        if url is None or section is None:
            msg = "dashboards need [postgres] and [influx]: this run keeps its data in files"
            raise SettingsError(msg)
        self._bucket = section.raw_bucket
        self._influx = InfluxServer(_as_reader(section))
        if reader is not None:
            url = make_conninfo(url, user=reader[0], password=reader[1])
        try:
            self._postgres = psycopg.connect(url, connect_timeout=5, autocommit=True)
        except psycopg.OperationalError as error:
            self._influx.close()
            msg = f"PostgreSQL does not answer: {str(error).splitlines()[0]}"
            raise StandsInTheWayError(msg) from None
        self._postgres.read_only = True

    def rows(self, target: Mapping[str, Any], view: View) -> int:
        """Return how many rows with a value answer a panel's query.

        Raises ``InfluxError`` and ``psycopg.Error``.
        """
        if "query" in target:
            text = with_default_bucket(flux_text(target["query"], view), self._bucket)
            return sum(map(_has_value, self._influx.rows(text)))
        return sum(map(_says_something, self._sql(sql_text(target["rawSql"], view))))

    def options(self, query: str) -> list[str]:
        """Return the values of a variable's options."""
        cursor = self._postgres.execute(query.encode())
        names = [column.name for column in cursor.description or ()]
        at = names.index("__value")
        return [str(row[at]) for row in cursor.fetchall()]

    def busiest_place(self) -> str | None:
        """Return a place with camera and sensors where most cases were."""
        found = self._sql(_PLACE_WITH_MOST_CASES)
        return str(found[0][0]) if found else None

    def close(self) -> None:
        """Close the connections."""
        self._influx.close()
        self._postgres.close()

    def _sql(self, text: str) -> list[tuple[Any, ...]]:
        return self._postgres.execute(text.encode()).fetchall()


def ask_every_panel(
    settings: Settings,
    sources: DistrictSources,
    *,
    language: Locale = Locale.ZH_CN,
    until: datetime | None = None,
) -> Iterator[PanelAnswer]:
    """Open every dashboard of a language at ``until`` (the district's present) and ask its panels.

    Raises ``NoOptionError`` where the registry has nothing to choose.
    """
    present = until or business_clock(settings).now()
    place = sources.busiest_place()
    preferred = {} if place is None else {"place": place}
    for wanted in wanted_dashboards(console_url=settings.centre.public_url):
        model = wanted.model
        if language.language_tag not in model["tags"]:
            continue
        view = opened(model, until=present, options=sources.options, preferred=preferred)
        for panel in model["panels"]:
            yield _asked(str(model["title"]), panel, sources, view)


def _asked(
    dashboard: str, panel: Mapping[str, Any], sources: DistrictSources, view: View
) -> PanelAnswer:
    title = str(panel["title"])
    try:
        rows = sum(sources.rows(target, view) for target in panel["targets"])
    except (InfluxError, psycopg.Error) as error:
        failure = str(error).splitlines()[0]
        return PanelAnswer(dashboard=dashboard, panel=title, rows=0, failure=failure)
    return PanelAnswer(dashboard=dashboard, panel=title, rows=rows)


def _as_reader(section: InfluxSection) -> InfluxAddress:
    token = section.read_token if section.read_token.get_secret_value() else section.token
    return address(section, token)


def _has_value(row: Mapping[str, Any]) -> bool:
    if "_value" in row:
        return row["_value"] is not None
    return any(value is not None for name, value in row.items() if name not in _NO_VALUES)


def _says_something(row: tuple[Any, ...]) -> bool:
    return any(value is not None for value in row)
