"""Composition root of the edge process: the gateway of one site, and its cameras' vision."""

from prometheus_client import CollectorRegistry

from gateway.metrics import GatewayMetrics
from gateway.site import SiteGateway
from huanwei.clock_choice import business_clock
from huanwei.process import ProcessParts
from huanwei.run_files import SPOOL
from huanwei.settings import Settings
from storage.registry_file import RegistryFile
from wire.client import BrokerAddress


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return settings.edge.health_port


def build(settings: Settings) -> ProcessParts:
    """Put gateway and vision together."""
    metrics = CollectorRegistry()
    registry = RegistryFile(settings.run.registry)
    site = SiteGateway(
        gateway_id=settings.edge.gateway_id,
        clock=business_clock(settings),
        registry=registry,
        spool_path=settings.run.data / SPOOL,
        broker=BrokerAddress(
            host=settings.broker.host,
            port=settings.broker.mqtt_port,
            username=settings.edge.gateway_id,
            password=settings.broker.gateway_password.get_secret_value(),
        ),
        metrics=GatewayMetrics(metrics),
        acceptance_log=settings.edge.acceptance_log,
    )
    return ProcessParts(parts=[site], readiness=site.readiness, metrics=metrics, failed=site.failed)
