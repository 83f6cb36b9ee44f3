"""Bounds what the broker stores: ``python -m huanwei.broker.cap SETTINGS PARENT_PID``.

A process of its own that ends when it is done: the NATS library would stay in the supervisor's
memory for one call.
"""

import asyncio
import sys
import threading
from pathlib import Path

import nats
import nats.errors
import nats.js.errors

from huanwei.broker.nats_server import BrokerPorts
from huanwei.end_with_parent import ask_to_end_with_parent
from huanwei.held_secrets import held
from huanwei.run_plan import broker_ports
from huanwei.settings import Settings, load_settings

MQTT_STREAM = "$MQTT_msgs"
STREAM_CAP_BYTES = 2 * 1024**3
"""Below ``max_file_store`` of the configuration: at a full store nobody can connect any more."""
_ATTEMPT_EVERY_S = 1.0


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


def cap_when_there(settings: Settings) -> None:
    """Bound the stream as soon as the first persistent session has made it; return then."""
    admin = held(settings.broker.admin_password, "broker.admin_password")
    password = admin.get_secret_value()
    while not cap_stored_messages(broker_ports(settings), password):
        threading.Event().wait(_ATTEMPT_EVERY_S)


if __name__ == "__main__":
    ask_to_end_with_parent(int(sys.argv[2]))
    cap_when_there(load_settings(Path(sys.argv[1])))
