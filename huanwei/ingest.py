"""Composition root of the ingest process."""

from prometheus_client import CollectorRegistry

from huanwei.clock_choice import business_clock
from huanwei.process import ProcessParts
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
    service = IngestService(
        clock=business_clock(settings),
        registry=RegistryFile(settings.run.registry),
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
    )
    return ProcessParts(parts=[service], readiness=service.readiness, metrics=metrics)
