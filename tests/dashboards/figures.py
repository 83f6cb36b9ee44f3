"""A day of what ingest and alerts count about themselves, through their own counters."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry

from alerts.metrics import AlertMetrics
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.process_lines import process_lines
from ingest.metrics import IngestMetrics
from ingest.reasons import RefusalReason

_EVERY = timedelta(minutes=10)
_DISK = {"disk_free_ratio": 0.42, "disk_free_bytes": 42e9}


def figures_of_a_day(until: datetime) -> list[bytes]:
    """Return the points of both processes for the 24 hours before ``until``."""
    of_ingest, of_alerts = CollectorRegistry(), CollectorRegistry()
    ingest, influx, alerts = (
        IngestMetrics(of_ingest),
        InfluxMetrics(of_ingest),
        AlertMetrics(of_alerts),
    )
    lines: list[bytes] = []
    for step in range(144):
        ingest.records.labels("accepted").inc(600)
        ingest.pictures.inc(30)
        ingest.lag.set(0.2 + step % 5)
        ingest.series_backlog.set(step % 7)
        influx.backlog.labels("records").set(step % 11)
        alerts.lag.set(step % 3)
        if step % 30 == 0:
            ingest.refused.labels(RefusalReason.UNKNOWN_DEVICE).inc()
        at = until - (143 - step) * _EVERY
        lines += process_lines(of_ingest, process="ingest", at=at, more=_DISK)
        lines += process_lines(of_alerts, process="alerts", at=at, more=_DISK)
    return lines
