"""Composition root of the edge process: the gateway of one site, and its cameras' vision."""

import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from domain.records import SnapshotVerdicts
from gateway.metrics import GatewayMetrics
from gateway.site import SiteGateway
from huanwei.broker.address import broker_address
from huanwei.camera_logins import camera_logins
from huanwei.clock_choice import business_clock
from huanwei.errors import StandsInTheWayError
from huanwei.held_secrets import held
from huanwei.logs import set_up_logs
from huanwei.process import ProcessParts, all_ready
from huanwei.run_files import FIGURES, SPOOL
from huanwei.settings import Settings
from huanwei.site_registry import site_registry
from vision.child import VisionChild
from vision.detector_check import DetectorRefusedError, check_detector
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
    vision_metrics, one_at_a_time = VisionMetrics(metrics), threading.Lock()
    detector_file = _usable_detector(settings.edge.detector_file)
    workers = settings.edge.vision_workers
    watching = [
        VisionChild(
            gateway_id=settings.edge.gateway_id,
            registry=registry,
            references_folder=settings.run.references,
            clock=clock,
            clock_factory=partial(business_clock, settings),
            on_result=partial(_accept, site, one_at_a_time),
            metrics=vision_metrics,
            overflow_network=settings.edge.overflow_network,
            detector_file=detector_file,
            quick_looks=settings.edge.quick_looks,
            figures_folder=settings.run.data / FIGURES,
            logins=camera_logins(settings),
            shard=(number, workers),
            prepare_child=partial(set_up_logs, "vision"),
        )
        for number in range(workers)
    ]
    return ProcessParts(
        parts=[site, *watching],
        readiness=all_ready(site.readiness, lambda: _vision_missing(watching)),
        metrics=metrics,
        failed=site.failed,
    )


def _usable_detector(path: Path | None) -> Path | None:
    """Return the detector's file; one that cannot be used is told at the start, not at night."""
    if path is None:
        return None
    try:
        check_detector(path)
    except DetectorRefusedError as error:
        msg = f"[edge] detector_file: {error}. Name another file, or take the line out"
        raise StandsInTheWayError(msg) from error
    return path


def _accept(site: SiteGateway, one_at_a_time: threading.Lock, result: SnapshotResult) -> None:
    """Make a snapshot's verdicts durable; its picture follows in the class that may be dropped."""
    values = result.record.values
    with one_at_a_time:
        site.accept([result.record])
        if (
            result.jpeg is not None
            and isinstance(values, SnapshotVerdicts)
            and values.picture_sha256
        ):
            site.accept_picture(
                result.record.device_id,
                result.record.observed_at,
                values.picture_sha256,
                result.jpeg,
            )


def _vision_missing(watching: Sequence[VisionChild]) -> dict[str, str]:
    if all(vision.ready for vision in watching):
        return {}
    return {"vision": "its child process has not answered yet"}
