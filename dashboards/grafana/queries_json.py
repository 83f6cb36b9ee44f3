"""Queries as Grafana wants them: the builder has none for InfluxDB's Flux and PostgreSQL."""

from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models import dashboard as model

from dashboards.definition import FluxQuery, Query, Source

_PLUGINS = {Source.INFLUX: "influxdb", Source.POSTGRES: "grafana-postgresql-datasource"}


def source_of(query: Query) -> Source:
    """Return the data source that answers a query."""
    return Source.INFLUX if isinstance(query, FluxQuery) else Source.POSTGRES


def reference(source: Source) -> model.DataSourceRef:
    """Return how a panel names a data source."""
    return model.DataSourceRef(type_val=_PLUGINS[source], uid=source)


def query_json(query: Query) -> dict[str, object]:
    """Return the target that Grafana sends to the data source."""
    head: dict[str, object] = {"refId": query.ref, "datasource": reference(source_of(query))}
    if isinstance(query, FluxQuery):
        return head | {"query": query.text}
    return head | {
        "format": query.shape,
        "rawSql": query.text,
        "rawQuery": True,
        "editorMode": "code",
    }


class Target(variants.Dataquery):
    """A query among the targets of a panel."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def to_json(self) -> dict[str, object]:
        """Return the JSON."""
        return query_json(self._query)


class TargetBuilder(cogbuilder.Builder[variants.Dataquery]):
    """Hands a :class:`Target` to the panel builders."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def build(self) -> variants.Dataquery:
        """Return the target."""
        return Target(self._query)


class MarksTarget(model.AnnotationTarget):
    """A query of events; the builder's own class knows only Grafana's stored annotations."""

    def __init__(self, query: Query) -> None:
        super().__init__()
        self._query = query

    def to_json(self) -> dict[str, object]:
        """Return the JSON."""
        return query_json(self._query)
