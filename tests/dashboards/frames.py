"""Answers as the frames that Grafana's data sources make of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from influxdb_client import InfluxDBClient
from influxdb_client.client.flux_table import FluxTable

from dashboards.interpretation import View, flux_text, sql_text, with_default_bucket

MOST_SERIES = 1_000
"""Grafana cuts an answer of InfluxDB off behind so many series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A field of a frame; ``kind`` is ``time``, ``number``, ``string`` or ``boolean``."""

    name: str
    kind: str
    values: list[Any]
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A table of columns of the same length."""

    columns: list[Column]

    def column(self, name: str) -> Column | None:
        """Return the column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def of_kind(self, kind: str) -> list[Column]:
        """Return the columns of a kind."""
        return [column for column in self.columns if column.kind == kind]

    def __len__(self) -> int:
        return len(self.columns[0].values) if self.columns else 0


_FLUX_KINDS = {
    "dateTime:RFC3339": "time",
    "dateTime:RFC3339Nano": "time",
    "double": "number",
    "long": "number",
    "unsignedLong": "number",
    "string": "string",
    "boolean": "boolean",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """The two data sources, as provisioning makes them."""

    influx: InfluxDBClient
    org: str
    raw_bucket: str
    postgres_url: str

    def ask(self, target: dict[str, Any], view: View) -> list[Frame]:
        """Return the frames that answer one query of a panel, annotation or variable."""
        if "query" in target:
            return self.flux(flux_text(target["query"], view))
        return self.sql(sql_text(target["rawSql"], view), target["format"])

    def flux(self, text: str) -> list[Frame]:
        """Return a frame a table; a table with ``_measurement`` is a series."""
        text = with_default_bucket(text, self.raw_bucket)
        tables = self.influx.query_api().query(text, org=self.org)
        assert len(tables) <= MOST_SERIES, f"{len(tables)} series"
        return [_flux_frame(table) for table in tables]

    def sql(self, text: str, shape: str) -> list[Frame]:
        """Return the one frame of a SQL answer."""
        with psycopg.connect(self.postgres_url) as connection:
            connection.read_only = True
            cursor = connection.execute(text.encode())
            names = [column.name for column in cursor.description or ()]
            rows = cursor.fetchall()
        columns = [
            _sql_column(name, [row[index] for row in rows]) for index, name in enumerate(names)
        ]
        if shape == "time_series":
            return _series_of(columns)
        return [Frame(columns=columns)]


def _flux_frame(table: FluxTable) -> Frame:
    kinds = {
        column.label: _FLUX_KINDS[column.data_type]
        for column in table.columns
        if column.label not in {"result", "table"}
    }
    rows = [record.values for record in table.records]
    if "_measurement" not in kinds:
        return Frame(
            columns=[
                Column(name=name, kind=kind, values=[row.get(name) for row in rows])
                for name, kind in kinds.items()
            ]
        )
    labels = {name: rows[0][name] for name in kinds if not name.startswith("_") and rows}
    assert all(isinstance(value, str) for value in labels.values()), "labels are strings"
    name = rows[0]["_field"] if rows else ""
    return Frame(
        columns=[
            Column(name="Time", kind="time", values=[row["_time"] for row in rows]),
            Column(
                name=name,
                kind=kinds["_value"],
                values=[row["_value"] for row in rows],
                labels=labels,
            ),
        ]
    )


def _sql_column(name: str, values: list[Any]) -> Column:
    kind = next((_sql_kind(value) for value in values if value is not None), "string")
    if kind == "number":
        values = [None if value is None else float(value) for value in values]
    return Column(name=name, kind=kind, values=values)


def _sql_kind(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float() | Decimal():
            return "number"
        case datetime() | date():
            return "time"
        case _:
            return "string"


def _series_of(columns: Sequence[Column]) -> list[Frame]:
    """A column ``time`` (a time or seconds), numbers, and at most one column of names."""
    time = next((column for column in columns if column.name == "time"), None)
    assert time is not None, "a time series has a column called time"
    assert time.kind in {"time", "number"}, "time is a time or seconds since 1970"
    assert time.values == sorted(time.values), "a time series comes in the order of time"
    names = [column for column in columns if column.kind == "string"]
    numbers = [column for column in columns if column.kind == "number" and column is not time]
    assert len(names) <= 1
    if not names:
        return [Frame(columns=[_as_time(time), *numbers])]
    frames = []
    for name in dict.fromkeys(names[0].values):
        rows = [index for index, value in enumerate(names[0].values) if value == name]
        frames.append(
            Frame(
                columns=[
                    _as_time(time, rows),
                    *(
                        Column(
                            name=str(name) if len(numbers) == 1 else number.name,
                            kind="number",
                            values=[number.values[row] for row in rows],
                            labels={names[0].name: str(name)},
                        )
                        for number in numbers
                    ),
                ]
            )
        )
    return frames


def _as_time(column: Column, rows: Sequence[int] | None = None) -> Column:
    values = column.values if rows is None else [column.values[row] for row in rows]
    return Column(name="time", kind="time", values=values)
