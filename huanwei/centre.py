"""Composition root of the centre: alerts and everything that people open, in one process.

One process, because one process writes ``cases.db``. A district on PostgreSQL may run them apart:
``huanwei.alerts`` and ``huanwei.api``.
"""

from prometheus_client import CollectorRegistry

from huanwei.annotations import annotation_parts
from huanwei.case_work import alerts_service
from huanwei.clock_choice import business_clock
from huanwei.pages import Pages
from huanwei.process import Closing, ProcessParts
from huanwei.process_points import points_of
from huanwei.run_stores import cases_of, database_in_plain_words, record_feed_of, registry_of
from huanwei.settings import Settings


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return settings.centre.health_port


def build(settings: Settings) -> ProcessParts:
    """Put alerts, cases and everything that people open together."""
    metrics = CollectorRegistry()
    clock = business_clock(settings)
    registry = registry_of(settings, clock)
    feed = record_feed_of(settings)
    with database_in_plain_words():
        store = cases_of(settings).open_store(evaluates=True)
    alerts = alerts_service(
        settings, clock=clock, registry=registry, feed=feed, store=store, metrics=metrics
    )
    pages = Pages(
        settings,
        clock=clock,
        registry=registry,
        desk=alerts.desk,
        metrics=metrics,
        also_needed=alerts.readiness,
    )
    *closing, server = pages.parts
    return ProcessParts(
        parts=[
            Closing(feed),
            *closing,
            alerts,
            server,
            *annotation_parts(settings, registry=registry, metrics=metrics),
            *points_of(settings, process="centre", clock=clock, metrics=metrics),
        ],
        readiness=pages.readiness,
        metrics=metrics,
    )
