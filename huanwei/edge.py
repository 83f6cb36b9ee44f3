"""Composition root of the edge process: the gateway of one site, and its cameras' vision."""

from functools import partial

from prometheus_client import CollectorRegistry

from domain.records import SnapshotVerdicts
from gateway.metrics import GatewayMetrics
from gateway.site import SiteGateway
from huanwei.broker.address import broker_address
from huanwei.clock_choice import business_clock
from huanwei.held_secrets import held
from huanwei.logs import set_up_logs
from huanwei.process import ProcessParts, all_ready
from huanwei.run_files import SPOOL
from huanwei.settings import Settings
from huanwei.site_registry import site_registry
from vision.child import VisionChild
from vision.metrics import VisionMetrics
from vision.results import SnapshotResult


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return settings.edge.health_port


def build(settings: Settings) -> ProcessParts:
    """Put gateway and vision together."""
    metrics = CollectorRegistry()
    registry = site_registry(settings)
    clock = business_clock(settings)
    site = SiteGateway(
        gateway_id=settings.edge.gateway_id,
        clock=clock,
        registry=registry,
        spool_path=settings.run.data / SPOOL,
        broker=broker_address(
            settings.broker,
            username=settings.edge.gateway_id,
            password=held(settings.broker.gateway_password, "broker.gateway_password"),
        ),
        metrics=GatewayMetrics(metrics),
        acceptance_log=settings.edge.acceptance_log,
    )
    vision = VisionChild(
        gateway_id=settings.edge.gateway_id,
        registry=registry,
        references_folder=settings.run.references,
        clock=clock,
        clock_factory=partial(business_clock, settings),
        on_result=partial(_accept, site),
        metrics=VisionMetrics(metrics),
        overflow_network=settings.edge.overflow_network,
        prepare_child=partial(set_up_logs, "vision"),
    )
    return ProcessParts(
        parts=[site, vision],
        readiness=all_ready(site.readiness, lambda: _vision_missing(vision)),
        metrics=metrics,
        failed=site.failed,
    )


def _accept(site: SiteGateway, result: SnapshotResult) -> None:
    """Make a snapshot's verdicts durable; its picture follows in the class that may be dropped."""
    site.accept([result.record])
    values = result.record.values
    if result.jpeg is not None and isinstance(values, SnapshotVerdicts) and values.picture_sha256:
        site.accept_picture(
            result.record.device_id, result.record.observed_at, values.picture_sha256, result.jpeg
        )


def _vision_missing(vision: VisionChild) -> dict[str, str]:
    return {} if vision.ready else {"vision": "its child process has not answered yet"}
