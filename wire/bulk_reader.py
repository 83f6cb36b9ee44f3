"""A paho client that reads many packets at once.

paho takes a packet from its socket in four ``recv`` calls and a ``select``. Here one ``recv`` takes
what is there, and the PUBLISH packets in it are taken apart in one loop. All else (connecting,
TLS, keepalive, subscribing, sending) stays paho's.

This leans on names that paho does not promise, so :func:`broken_promises` is to be asked first;
where it names any, the plain client serves as well, only dearer.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

READ_BYTES = 256 * 1024

_LEANED_ON = (
    "_last_bytes_received",
    "_loop_rc_handle",
    "_msgtime_mutex",
    "_packet_handle",
    "_send_puback",
    "_sock",
    "_sock_recv",
)
_IN_PACKET = {
    "command",
    "have_remaining",
    "packet",
    "pos",
    "remaining_count",
    "remaining_length",
    "remaining_mult",
    "to_process",
}

_PUBLISH, _KIND, _QOS, _RETAIN = 0x30, 0xF0, 0x06, 0x01
_LONGEST_LENGTH = 4


class Publication(NamedTuple):
    """A PUBLISH packet of QoS 0 or 1; in ``topic`` U+FFFD stands for what is no UTF-8."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    mid: int


class Packets(NamedTuple):
    """Whole packets at the beginning of a buffer: first byte, and where the body lies.

    ``rest``: where the first packet begins that is not whole; ``wanted``: how long it is in all, 0
    where even that is not known yet.
    """

    whole: list[tuple[int, int, int]]
    rest: int
    wanted: int


def broken_promises(client: Client) -> list[str]:
    """Return what the bulk reader leans on and this release of paho lacks; empty: nothing."""
    broken = [name for name in _LEANED_ON if not hasattr(client, name)]
    if set(getattr(client, "_in_packet", ())) != _IN_PACKET:
        broken.append("_in_packet")
    if getattr(client, "_protocol", None) != MQTTv311:
        broken.append("_protocol")
    return broken


def find_packets(buffer: bytes) -> Packets:
    """Return the whole packets in ``buffer``; raise ``MalformedPacket`` for an endless length."""
    whole: list[tuple[int, int, int]] = []
    at, end = 0, len(buffer)
    while end - at >= 2:  # noqa: PLR2004  a first byte and a length
        length, body = buffer[at + 1], at + 2
        if length >= 0x80:  # noqa: PLR2004  more bytes of the length follow
            length, body = _long_length(buffer, at + 1)
            if not body:
                return Packets(whole, at, 0)
        if body + length > end:
            return Packets(whole, at, body + length - at)
        whole.append((buffer[at], body, body + length))
        at = body + length
    return Packets(whole, at, 0)


def _long_length(buffer: bytes, at: int) -> tuple[int, int]:
    """Return the remaining length that begins at ``at``, and what follows; 0 where it is cut."""
    length = 0
    for place, byte in enumerate(buffer[at : at + _LONGEST_LENGTH]):
        length |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # noqa: PLR2004  the last byte of the length
            return length, at + place + 1
    if len(buffer) - at >= _LONGEST_LENGTH:
        msg = "a remaining length of more than four bytes"
        raise MalformedPacket(msg)
    return 0, 0


def read_publication(command: int, buffer: bytes, body: int, end: int) -> Publication:
    """Return the PUBLISH whose body lies there; raise ``MalformedPacket`` where it is cut."""
    qos = (command & _QOS) >> 1
    topic = body + 2
    topic_end = topic + int.from_bytes(buffer[body:topic], "big")
    payload = topic_end + 2 if qos else topic_end
    if payload > end:
        msg = "a PUBLISH shorter than its topic"
        raise MalformedPacket(msg)
    return Publication(
        buffer[topic:topic_end].decode("utf-8", "replace"),
        buffer[payload:end],
        qos,
        command & _RETAIN == _RETAIN,
        int.from_bytes(buffer[topic_end:payload], "big"),
    )


class BulkReader(Client):
    """Gives PUBLISH packets of QoS 0 and 1 to ``on_publications``, a read's at a time, in order.

    ``on_message`` still gets those of QoS 2. With ``manual_ack`` nothing is acknowledged here.
    """

    def __init__(self, *, client_id: str, clean_session: bool, manual_ack: bool) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            protocol=MQTTv311,
            reconnect_on_failure=False,
            manual_ack=manual_ack,
        )
        self.on_publications: Callable[[Sequence[Publication]], None] | None = None
        self._acknowledges = not manual_ack
        self._pieces: list[bytes] = []
        self._held = self._wanted = 0

    def reconnect(self) -> MQTTErrorCode:
        """Connect; what is left of the former connection is forgotten."""
        self._keep(b"", 0)
        return super().reconnect()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002  paho's signature
        """Read once what is there, and deal with every packet that is whole by that."""
        if self._sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            data = self._sock_recv(READ_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            data = b""
        if not data:
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            code = self._take_apart(b"".join(self._pieces))
        except MalformedPacket:
            code = MQTTErrorCode.MQTT_ERR_PROTOCOL
        return self._loop_rc_handle(code) if code > 0 else MQTTErrorCode.MQTT_ERR_SUCCESS

    def _take_apart(self, buffer: bytes) -> MQTTErrorCode:
        packets = find_packets(buffer)
        self._keep(buffer[packets.rest :], packets.wanted)
        publications: list[Publication] = []
        for command, body, end in packets.whole:
            if command & _KIND == _PUBLISH and command & _QOS < 0x04:  # noqa: PLR2004  QoS 2
                publications.append(read_publication(command, buffer, body, end))
                continue
            self._deliver(publications)
            publications = []
            code = self._hand_to_paho(command, buffer[body:end])
            if code > 0 or self._sock is None:
                return code
        self._deliver(publications)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _keep(self, rest: bytes, wanted: int) -> None:
        self._pieces = [rest] if rest else []
        self._held, self._wanted = len(rest), wanted

    def _deliver(self, publications: Sequence[Publication]) -> None:
        if not publications:
            return
        if self.on_publications is not None:
            self.on_publications(publications)
        if self._acknowledges:
            for publication in publications:
                if publication.qos:
                    self._send_puback(publication.mid)

    def _hand_to_paho(self, command: int, body: bytes) -> MQTTErrorCode:
        self._put_in(command, body)
        try:
            return self._packet_handle()
        finally:
            self._put_in(0, b"")

    def _put_in(self, command: int, body: bytes) -> None:
        self._in_packet = {
            "command": command,
            "have_remaining": 1 if command else 0,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(body),
            "packet": bytearray(body),
            "to_process": 0,
            "pos": 0,
        }
