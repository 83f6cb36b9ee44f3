"""Composition root of the api process of a district: everything that people open.

It evaluates nothing and sends nothing: an order is written with its messages, and the alerts
process finds those within half a second.
"""

from functools import partial

from prometheus_client import CollectorRegistry

from huanwei.case_work import desk_alone
from huanwei.clock_choice import business_clock
from huanwei.pages import Pages, cases_readable
from huanwei.process import Closing, ProcessParts
from huanwei.process_points import points_of
from huanwei.run_stores import cases_of, database_in_plain_words, registry_of
from huanwei.settings import Settings


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return settings.centre.health_port


def build(settings: Settings) -> ProcessParts:
    """Put API, console and crew pages over the district's stores."""
    metrics = CollectorRegistry()
    clock = business_clock(settings)
    registry = registry_of(settings, clock)
    cases = cases_of(settings)
    with database_in_plain_words():
        store = cases.open_store(evaluates=False)
    probe = cases.open_book()
    pages = Pages(
        settings,
        clock=clock,
        registry=registry,
        desk=desk_alone(settings, clock=clock, registry=registry, store=store),
        metrics=metrics,
        also_needed=partial(cases_readable, probe),
    )
    return ProcessParts(
        parts=[
            Closing(store),
            Closing(probe),
            *pages.parts,
            *points_of(settings, process="api", clock=clock, metrics=metrics),
        ],
        readiness=pages.readiness,
        metrics=metrics,
    )
