"""The two kinds of paho client that a connection may be made of, and their limits."""

from collections.abc import Callable, Sequence

import structlog
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from wire.bulk_reader import BulkReader, Publication, broken_promises

CONNECT_TIMEOUT_S = 3.0
MOST_UNACKED_PUBLISHES = 1_000
_MOST_INFLIGHT = 200


def new_paho(
    client_id: str,
    *,
    clean_session: bool,
    manual_ack: bool,
    in_bulk: bool,
    on_publications: Callable[[Sequence[Publication]], None],
    log: structlog.stdlib.BoundLogger,
) -> Client:
    """Return a bulk reader where wanted and possible with this release of paho, else a plain one.

    A bulk reader gives QoS 0 and 1 to ``on_publications``, a plain client all to ``on_message``.
    """
    paho: Client | None = None
    if in_bulk:
        reader = BulkReader(client_id=client_id, clean_session=clean_session, manual_ack=manual_ack)
        lacks = broken_promises(reader)
        if lacks:
            log.warning("messages_read_one_by_one", lacks=lacks)
        else:
            reader.on_publications = on_publications
            paho = reader
    if paho is None:
        paho = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            protocol=MQTTv311,
            reconnect_on_failure=False,
            manual_ack=manual_ack,
        )
    paho.connect_timeout = CONNECT_TIMEOUT_S
    paho.max_queued_messages_set(MOST_UNACKED_PUBLISHES)
    paho.max_inflight_messages_set(_MOST_INFLIGHT)
    # With this set, paho leaves writing to the loop instead of doing it in publish().
    paho.on_socket_register_write = _leave_writing_to_the_loop
    return paho


def _leave_writing_to_the_loop(_client: Client, _userdata: object, _socket: object) -> None:
    pass
