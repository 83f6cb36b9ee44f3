"""Composition root of the centre: alerts and cases, API, console and crew pages in one process.

One process, because one process writes ``cases.db``.
"""

import random
from collections.abc import Mapping
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry

from alerts.case_book import CaseBook
from alerts.crew_links import CrewLinks
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.notifiers.webhook import WebhookNotifier
from alerts.outbox import Channel
from alerts.service import AlertsService
from api.app import create_app
from api.console.mount import mount_console
from api.console.settings import ConsoleSettings
from api.parts import CentreParts
from api.settings import LOOPBACK_NAMES, ApiSettings
from domain.device_health import HealthLimits
from huanwei.clock_choice import business_clock
from huanwei.http_server import HttpServer
from huanwei.process import Closing, ProcessParts
from huanwei.run_files import CASES, JOURNAL, PICTURES, SERIES
from huanwei.settings import CentreSection, Settings
from ingest.device_quality import SqliteDeviceQualities
from ingest.history import SqliteHistory
from ingest.record_feed import SqliteRecordFeed
from storage.picture_folder import PictureFolder
from storage.registry_file import RegistryFile
from texts.catalogue import load_catalogues
from vision.metrics import PhotoMetrics
from vision.photo_intake import ProcessPhotoIntake


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return settings.centre.health_port


def build(settings: Settings) -> ProcessParts:
    """Put alerts, cases and everything that people open together."""
    metrics = CollectorRegistry()
    clock = business_clock(settings)
    registry = RegistryFile(settings.run.registry)
    catalogue = load_catalogues()
    data = settings.run.data
    secret = settings.centre.signing_secret.get_secret_value()
    feed = SqliteRecordFeed(data / JOURNAL)
    history = SqliteHistory(data / SERIES)
    qualities = SqliteDeviceQualities(data / JOURNAL)
    crew_links = CrewLinks(secret.encode("utf-8"), settings.centre.public_url, clock)
    alerts = AlertsService(
        clock=clock,
        registry=registry,
        feed=feed,
        cases_path=data / CASES,
        rules=settings.rules,
        notifiers={Channel.WEBHOOK: WebhookNotifier()},
        crew_links=crew_links,
        catalogue=catalogue,
        metrics=AlertMetrics(metrics),
        rng=random.Random(),  # noqa: S311  spreads retries, no secret
    )
    book = CaseBook(data / CASES)
    servers: list[HttpServer] = []

    def readiness() -> Mapping[str, str]:
        missing = dict(alerts.readiness())
        for server in servers:
            missing.update(server.readiness())
        return missing

    parts = CentreParts(
        clock=clock,
        registry=registry,
        desk=alerts.desk,
        book=book,
        history=history,
        qualities=qualities,
        pictures=PictureFolder(data / PICTURES),
        photo_intake=ProcessPhotoIntake(metrics=PhotoMetrics(metrics)),
        crew_links=crew_links,
        catalogue=catalogue,
        metrics_registry=metrics,
        readiness=readiness,
        health_limits=health_limits(settings.rules),
    )
    app = create_app(parts, settings=_api_settings(settings.centre))
    mount_console(
        app,
        parts,
        ConsoleSettings(
            storage_secret=secret,
            tile_url=settings.centre.map_tile_url,
            warning_level=settings.rules.warning_level,
            critical_level=settings.rules.critical_level,
        ),
    )
    server = HttpServer(app, host=settings.centre.host, port=settings.centre.port)
    servers.append(server)
    return ProcessParts(
        parts=[Closing(feed), Closing(history), Closing(qualities), Closing(book), alerts, server],
        readiness=readiness,
        metrics=metrics,
    )


def health_limits(rules: AlertRules) -> HealthLimits:
    """Return the limits that pages judge devices by: those that alerts fire by, so they agree."""
    return HealthLimits(
        silent_after_intervals=rules.silent_after_intervals,
        silent_after_at_least=rules.silent_at_least,
        battery_low_ratio=rules.battery_low_ratio,
    )


def _api_settings(centre: CentreSection) -> ApiSettings:
    # A proxy or tunnel in front of us is reached by the name in the public address.
    public_name = urlsplit(centre.public_url).hostname
    names = LOOPBACK_NAMES | ({public_name} if public_name else set())
    tiles = (_origin_of(centre.map_tile_url),) if centre.map_tile_url else ()
    return ApiSettings(
        host=centre.host,
        port=centre.port,
        host_names=frozenset(names),
        tile_sources=tiles,
        behind_proxy=centre.behind_proxy,
    )


def _origin_of(tile_url: str) -> str:
    parts = urlsplit(tile_url)
    host = parts.netloc
    # Leaflet's {s} stands for one of several sub-domains.
    return f"{parts.scheme}://" + ("*." + host.split(".", 1)[1] if "{s}" in host else host)
