"""Composition of the marks in Grafana: a part beside the alerts, with ``[grafana]`` and a token."""

import threading

from prometheus_client import CollectorRegistry

from alerts.case_book import BookChangeFeed
from domain.ports.registry import Registry
from huanwei.process import Closing, Part
from huanwei.run_stores import cases_of
from huanwei.settings import Settings
from texts.catalogue import load_catalogues

CURSOR = "grafana-cursor.txt"


def annotation_parts(
    settings: Settings, *, registry: Registry, metrics: CollectorRegistry
) -> list[Part]:
    """Return what marks alerts and closed cases in Grafana, in the order of its start."""
    section = settings.grafana
    if section is None or not section.known_to_it:
        return []
    from dashboards.annotator import Annotator, AnnotatorMetrics, Words  # noqa: PLC0415  only here
    from dashboards.server import GrafanaServer  # noqa: PLC0415
    from huanwei.grafana import console_url, grafana_address  # noqa: PLC0415

    stop = threading.Event()
    server = GrafanaServer(grafana_address(section), stop=stop)
    feed = BookChangeFeed(cases_of(settings).open_book())
    words = Words(load_catalogues(), registry, console_url=console_url(settings))
    annotator = Annotator(
        feed=feed,
        annotations=server,
        words=words,
        cursor_path=settings.run.data / CURSOR,
        metrics=AnnotatorMetrics(metrics),
        stop=stop,
    )
    return [Closing(feed), Closing(server), annotator]
