"""Composition root of the alerts process of a district: evaluation, cases, messages."""

from prometheus_client import CollectorRegistry

from huanwei.annotations import annotation_parts
from huanwei.case_work import alerts_service
from huanwei.clock_choice import business_clock
from huanwei.process import Closing, ProcessParts
from huanwei.process_points import points_of
from huanwei.run_stores import cases_of, database_in_plain_words, record_feed_of, registry_of
from huanwei.settings import Settings
from huanwei.site_registry import copy_path
from storage.registry_copy import RegistryCopy


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return settings.centre.alerts_health_port


def build(settings: Settings) -> ProcessParts:
    """Put what follows the journal together; people's orders come in by ``huanwei.api``."""
    metrics = CollectorRegistry()
    clock = business_clock(settings)
    registry = registry_of(settings, clock)
    feed = record_feed_of(settings)
    with database_in_plain_words():
        store = cases_of(settings).open_store(evaluates=True)
    alerts = alerts_service(
        settings, clock=clock, registry=registry, feed=feed, store=store, metrics=metrics
    )
    return ProcessParts(
        parts=[
            Closing(feed),
            RegistryCopy(registry, copy_path(settings)),
            alerts,
            *annotation_parts(settings, registry=registry, metrics=metrics),
            *points_of(settings, process="alerts", clock=clock, metrics=metrics),
        ],
        readiness=alerts.readiness,
        metrics=metrics,
    )
