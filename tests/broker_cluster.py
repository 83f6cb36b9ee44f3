"""Three NATS servers on loopback as one clustered broker, by the project's own configuration."""

import os
import signal
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx

from huanwei.broker.nats_server import BrokerPorts, ClusterNode, PreparedBroker, prepare_broker
from huanwei.broker.users import BrokerUser
from tests import loopback
from tests.servers import free_ports
from tests.whole_run import until

_HOST = "127.0.0.1"


class BrokerCluster:
    """The nodes 0, 1 and 2; each can be killed and started again on its store."""

    def __init__(self, folder: Path, users: tuple[BrokerUser, ...]) -> None:
        ports = free_ports(12)
        self._ports = [
            BrokerPorts(
                host=_HOST,
                mqtt=ports[n],
                administration=ports[3 + n],
                monitoring=ports[6 + n],
            )
            for n in range(3)
        ]
        peers = tuple((_HOST, port) for port in ports[9:])
        self._prepared = [
            self._prepare(folder / f"node-{n}", users, peers, n) for n in range(len(peers))
        ]
        self._folder = folder
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def hosts(self) -> str:
        """Where clients connect, as it stands in ``broker.host``."""
        return ",".join(f"{ports.host}:{ports.mqtt}" for ports in self._ports)

    def start(self, *nodes: int) -> None:
        """Start nodes without waiting."""
        for node in nodes:
            prepared = self._prepared[node]
            with (self._folder / f"node-{node}.log").open("ab") as lines:
                self._running[node] = subprocess.Popen(
                    prepared.command,
                    env={**os.environ, **prepared.environment},
                    stdout=lines,
                    stderr=lines,
                )

    def wait_ready(self, *nodes: int) -> None:
        """Wait until the nodes say that they are well."""
        for node in nodes:
            if not until(partial(self._is_well, node), within_s=30):
                log = (self._folder / f"node-{node}.log").read_text(encoding="utf-8")
                raise AssertionError(f"node {node} is not well:\n{log[-2000:]}")

    def leader(self) -> int:
        """Return the node that leads the cluster's streams."""
        (port, *_) = [self._ports[node].monitoring for node in self._running]
        told = loopback.get(f"http://{_HOST}:{port}/jsz").json()
        return int(str(told["meta_cluster"]["leader"]).removeprefix("node-"))

    def clients(self) -> set[str]:
        """Return the MQTT client ids that have subscribed at any node, so are fully connected."""
        told = [
            loopback.get(
                f"http://{_HOST}:{self._ports[node].monitoring}/connz",
                params={"limit": 1000},
            ).json()
            for node in self._running
        ]
        return {
            connection["mqtt_client"]
            for node in told
            for connection in node["connections"]
            if "mqtt_client" in connection and connection["subscriptions"]
        }

    def kill(self, node: int) -> None:
        """End a node as a crash does."""
        self._end(node, signal.SIGKILL)

    def stop(self) -> None:
        """End all nodes."""
        for node in list(self._running):
            self._end(node, signal.SIGKILL)
        for prepared in self._prepared:
            prepared.store_lock.release()

    def _prepare(
        self,
        folder: Path,
        users: tuple[BrokerUser, ...],
        peers: Sequence[tuple[str, int]],
        node: int,
    ) -> PreparedBroker:
        return prepare_broker(
            folder,
            self._ports[node],
            users,
            ClusterNode(
                name=f"node-{node}",
                listen=peers[node],
                peers=tuple(peers),
                password="cluster password/of@tests",  # noqa: S106  of nobody
            ),
        )

    def _is_well(self, node: int) -> bool:
        url = f"http://{_HOST}:{self._ports[node].monitoring}/healthz"
        try:
            return loopback.get(url, timeout_s=2).status_code == 200
        except httpx.HTTPError:
            return False

    def _end(self, node: int, how: signal.Signals) -> None:
        process = self._running.pop(node)
        process.send_signal(how)
        process.wait(15)
