"""Ingest workers as the processes they are, and a site that loads them."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry

from domain.records import FillReading, MeasurementQuality, Record
from domain.registry import RegistrySnapshot
from gateway.metrics import GatewayMetrics
from gateway.site import SiteGateway
from huanwei.business_clock import SystemClock
from tests import loopback
from tests.fakes.memory_registry import MemoryRegistry
from tests.servers import free_ports
from tests.whole_run import until
from wire.client import BrokerAddress

Sent = dict[tuple[str, datetime], float]


class IngestWorkers:
    """Workers of one district by their shards; a test kills them and starts them again."""

    def __init__(
        self,
        settings_path: Path,
        logs: Path,
        shards: Sequence[str],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._environment = {**os.environ, **(environment or {})}
        self._path = settings_path
        self._logs = logs
        self._shards = tuple(shards)
        self._ports = free_ports(len(self._shards))
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *workers: int) -> None:
        """Start workers without waiting."""
        for worker in workers:
            environment = {
                **self._environment,
                "HUANWEI_INGEST__SHARDS": self._shards[worker],
                "HUANWEI_INGEST__HEALTH_PORT": str(self._ports[worker]),
            }
            with (self._logs / f"ingest-{worker}.log").open("ab") as lines:
                self._running[worker] = subprocess.Popen(
                    (
                        sys.executable,
                        *("-m", "huanwei.role", "ingest", str(self._path), str(os.getpid())),
                    ),
                    env=environment,
                    stdout=lines,
                    stderr=lines,
                )

    def wait_ready(self) -> None:
        """Wait until all that run are ready."""
        for worker in self._running:
            if not until(partial(self.is_ready, worker), within_s=30):
                log = (self._logs / f"ingest-{worker}.log").read_text(encoding="utf-8")
                raise AssertionError(f"worker {worker} is not ready:\n{log[-3000:]}")

    def is_ready(self, worker: int) -> bool:
        """Tell whether it says that it can do its work."""
        return self.says(worker) == {}

    def says(self, worker: int) -> dict[str, str] | None:
        """Return what keeps the worker from its work, None while it does not answer."""
        try:
            url = f"http://127.0.0.1:{self._ports[worker]}/readyz"
            told = loopback.get(url, timeout_s=2).json()
        except (httpx.HTTPError, ValueError):
            return None
        return dict(told["missing"])

    def kill(self, worker: int) -> None:
        """End a worker as a crash does."""
        self._end(worker, signal.SIGKILL)

    def stop(self) -> None:
        """End all, as a supervisor does."""
        for worker in list(self._running):
            self._end(worker, signal.SIGTERM)

    def _end(self, worker: int, how: signal.Signals) -> None:
        process = self._running.pop(worker)
        process.send_signal(how)
        process.wait(15)


class LoadedSite:
    """A gateway with a load of its own, in this process: records as its cameras' would come.

    ``besides`` is a device of it that is no part of the load.
    """

    def __init__(
        self,
        folder: Path,
        gateway_id: str,
        broker: BrokerAddress,
        registry: RegistrySnapshot,
        *,
        besides: str = "",
    ) -> None:
        self.log_path = folder / f"{gateway_id}.accepted"
        self.sent: Sent = {}
        self._devices = [
            s.device_id
            for s in registry.sensors.values()
            if s.gateway_id == gateway_id and s.device_id != besides
        ]
        self._clock = SystemClock()
        self._counters = CollectorRegistry()
        self._gateway = SiteGateway(
            gateway_id=gateway_id,
            clock=self._clock,
            registry=MemoryRegistry(registry),
            spool_path=folder / f"{gateway_id}.db",
            broker=broker,
            metrics=GatewayMetrics(self._counters),
            acceptance_log=self.log_path,
        )
        self.client_id = f"{gateway_id}-up-{self._gateway.boot_id}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._accept, name=f"load-{gateway_id}")

    def connect(self) -> None:
        """Connect, without load."""
        self._gateway.start()

    def missing(self) -> dict[str, str]:
        """Return what the gateway is not content with."""
        return dict(self._gateway.readiness())

    def times_deaf(self) -> int:
        """Return how often a device door heard nothing for so long that it subscribed anew.

        What its session held then is thrown away by the broker.
        """
        return sum(
            int(sample.value)
            for metric in self._counters.collect()
            if metric.name == "huanwei_gateway_probes_lost"
            for sample in metric.samples
            if sample.name.endswith("_total")
        )

    def begin(self) -> None:
        """Begin the load."""
        self._thread.start()

    def end_load(self) -> None:
        """End the load; the gateway goes on."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def close(self) -> None:
        """End. May be called twice."""
        self.end_load()
        self._gateway.stop()

    def _accept(self) -> None:
        number = 0
        while not self._stop.wait(0.05):
            records = []
            for _ in range(5):
                number += 1
                now = self._clock.now()
                at = now.replace(microsecond=number % 1_000_000)
                level = (number % 97) / 100
                device_id = self._devices[number % len(self._devices)]
                values = FillReading(
                    measurement_quality=MeasurementQuality.ACCEPTED, filling_level=level
                )
                records.append(
                    Record(device_id=device_id, observed_at=at, gateway_at=now, values=values)
                )
                self.sent[device_id, at] = level
            self._gateway.accept(records)
