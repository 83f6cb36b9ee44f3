"""A gateway that accepts records as fast as it can until it is killed."""

import sys
import threading
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from domain.records import FillReading, MeasurementQuality, Record
from gateway.metrics import GatewayMetrics
from gateway.site import SiteGateway
from tests.fakes.manual_clock import START
from tests.fakes.memory_registry import MemoryRegistry
from tests.gateway_material import LoopbackClock, registry_of_site
from tests.servers import GATEWAY_ID, PASSWORDS
from wire.client import BrokerAddress


def run(folder: Path, port: int, first: int, *, busy: bool) -> None:
    gateway = SiteGateway(
        gateway_id=GATEWAY_ID,
        clock=LoopbackClock(),
        registry=MemoryRegistry(registry_of_site(GATEWAY_ID)),
        spool_path=folder / "spool.db",
        broker=BrokerAddress(
            host="127.0.0.1", port=port, username=GATEWAY_ID, password=PASSWORDS[GATEWAY_ID]
        ),
        metrics=GatewayMetrics(CollectorRegistry()),
        acceptance_log=folder / "accepted.jsonl",
    )
    gateway.start()
    number = first
    while busy:
        gateway.accept([_record(number), _record(number + 1), _record(number + 2)])
        number += 3
    threading.Event().wait()


def _record(number: int) -> Record:
    return Record(
        device_id="sensor-1",
        observed_at=START + timedelta(seconds=number),
        gateway_at=START,
        values=FillReading(
            measurement_quality=MeasurementQuality.ACCEPTED, filling_level=number % 100 / 100
        ),
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), busy=sys.argv[4] == "busy")
