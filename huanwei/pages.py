"""Everything that people open: HTTP API, console and crew pages on one listener."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from alerts.case_book import CaseBook
from alerts.case_desk import CaseDesk
from alerts.limits import AlertRules
from api.app import create_app
from api.console.mount import mount_console
from api.console.settings import ConsoleSettings
from api.parts import CentreParts
from api.settings import LOOPBACK_NAMES, ApiSettings
from domain.device_health import HealthLimits
from domain.ports.clock import Clock
from domain.ports.registry import Registry
from huanwei.camera_work import camera_work
from huanwei.case_work import crew_links
from huanwei.health import Readiness
from huanwei.held_secrets import held
from huanwei.http_server import HttpServer
from huanwei.process import Closing, Part
from huanwei.run_files import PICTURES
from huanwei.run_stores import cases_of, qualities_of, time_series_of
from huanwei.settings import CentreSection, Settings
from storage.picture_folder import PictureFolder
from texts.catalogue import load_catalogues
from vision.metrics import PhotoMetrics
from vision.photo_intake import ProcessPhotoIntake


class Pages:
    """The listener with all it reads from. ``parts`` are to be started in their order."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        registry: Registry,
        desk: CaseDesk,
        metrics: CollectorRegistry,
        also_needed: Readiness,
    ) -> None:
        self._series = series = time_series_of(settings)
        self._in_a_district = settings.postgres is not None
        qualities = qualities_of(settings)
        self._book = cases_of(settings).open_book()
        cameras = camera_work(settings, registry, clock)
        self._also_needed = also_needed
        self._server: HttpServer | None = None
        parts = CentreParts(
            clock=clock,
            registry=registry,
            desk=desk,
            book=self._book,
            history=series.history,
            measures=series.measures,
            qualities=qualities,
            pictures=PictureFolder(settings.run.data / PICTURES),
            photo_intake=ProcessPhotoIntake(metrics=PhotoMetrics(metrics)),
            crew_links=crew_links(settings, clock),
            catalogue=load_catalogues(),
            metrics_registry=metrics,
            readiness=self.readiness,
            health_limits=health_limits(settings.rules),
            calibrations=cameras.calibrations,
            bench=cameras.bench,
            reviews=cameras.reviews,
        )
        app = create_app(parts, settings=_api_settings(settings.centre))
        mount_console(app, parts, _console_settings(settings))
        self._server = HttpServer(app, host=settings.centre.host, port=settings.centre.port)
        self.parts: list[Part] = [
            *(Closing(thing) for thing in (*series.closing, qualities, self._book)),
            *cameras.closing,
            self._server,
        ]

    def readiness(self) -> Mapping[str, str]:
        """Return what people would miss now: the listener, and whatever else it needs."""
        missing = dict(self._also_needed())
        if self._in_a_district:
            missing.update(self._series.readiness())
        if self._server is not None:
            missing.update(self._server.readiness())
        return missing


def cases_readable(book: CaseBook) -> Mapping[str, str]:
    """Return what keeps the cases from being read, by name."""
    try:
        book.newest_change()
    except SQLAlchemyError as error:
        return {"cases": str(error).splitlines()[0]}
    return {}


def health_limits(rules: AlertRules) -> HealthLimits:
    """Return the limits that pages judge devices by: those that alerts fire by, so they agree."""
    return HealthLimits(
        silent_after_intervals=rules.silent_after_intervals,
        silent_after_at_least=rules.silent_at_least,
        battery_low_ratio=rules.battery_low_ratio,
    )


def _console_settings(settings: Settings) -> ConsoleSettings:
    return ConsoleSettings(
        storage_secret=held(
            settings.centre.signing_secret, "centre.signing_secret"
        ).get_secret_value(),
        tile_url=settings.centre.map_tile_url,
        grafana_url=None if settings.grafana is None else settings.grafana.public_url,
        warning_level=settings.rules.warning_level,
        critical_level=settings.rules.critical_level,
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
