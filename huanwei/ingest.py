"""Composition root of the ingest process."""

from prometheus_client import CollectorRegistry

from huanwei.clock_choice import business_clock
from huanwei.process import ProcessParts, all_ready
from huanwei.run_files import JOURNAL, PICTURES, SERIES
from huanwei.settings import Settings
from ingest.metrics import IngestMetrics
from ingest.service import IngestService
from storage.picture_folder import PictureFolder
from storage.registry_file import RegistryFile
from wire.client import BrokerAddress


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return settings.ingest.health_port


def build(settings: Settings) -> ProcessParts:
    """Put judge, journal, time series and picture intake together."""
    metrics = CollectorRegistry()
    data = settings.run.data
    clock = business_clock(settings)
    registry = RegistryFile(settings.run.registry)
    influx = None
    if settings.influx is not None:
        from huanwei.influx import influx_run  # noqa: PLC0415  30 MB that most runs do without

        influx = influx_run(settings, registry=registry, clock=clock, metrics=metrics)
    service = IngestService(
        clock=clock,
        registry=registry,
        journal_path=data / JOURNAL,
        series_path=data / SERIES,
        pictures=PictureFolder(data / PICTURES),
        broker=BrokerAddress(
            host=settings.broker.host,
            port=settings.broker.mqtt_port,
            username="ingest",
            password=settings.broker.ingest_password.get_secret_value(),
        ),
        metrics=IngestMetrics(metrics),
        cursors=None if influx is None else {"influxdb": influx.trim_cursor},
    )
    if influx is None:
        return ProcessParts(parts=[service], readiness=service.readiness, metrics=metrics)
    return ProcessParts(
        parts=[influx, service],
        readiness=all_ready(service.readiness, influx.readiness),
        metrics=metrics,
    )
