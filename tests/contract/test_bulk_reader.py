"""The bulk reader hears what the plain client of the pinned paho release hears, however it is cut.

Both get the same bytes through a socket pair. This is the test to look at when paho is raised.
"""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

from wire import bulk_reader
from wire.bulk_reader import BulkReader, Publication, broken_promises, find_packets
from wire.client import MqttClient

Heard = list[tuple[object, ...]]


def packet(command: int, body: bytes) -> bytes:
    length, rest = bytearray(), len(body)
    while True:
        rest, byte = divmod(rest, 128)
        length.append(byte | 0x80 if rest else byte)
        if not rest:
            return bytes([command]) + bytes(length) + body


def publish(topic: str, payload: bytes, *, qos: int = 0, retained: bool = False) -> bytes:
    name = topic.encode()
    mid = struct.pack("!H", 7) if qos else b""
    body = struct.pack("!H", len(name)) + name + mid + payload
    return packet(0x30 | qos << 1 | retained, body)


SUBACK, PINGRESP, CONNACK = packet(0x90, b"\0\x05\0"), packet(0xD0, b""), packet(0x20, b"\0\0")

publications = st.builds(
    publish,
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9),
    st.binary(max_size=400),
    qos=st.integers(0, 2),
    retained=st.booleans(),
)
packets = publications | st.sampled_from([SUBACK, PINGRESP, CONNACK])


class Ear:
    """Writes down what a client hears, acknowledgements included."""

    def __init__(self, client: Client) -> None:
        self.heard: Heard = []
        self.client = client
        client.on_message = self._message
        client.on_subscribe = lambda *_: self.heard.append(("suback",))
        client.on_connect = lambda *_: self.heard.append(("connack",))
        client.on_disconnect = lambda *_: self.heard.append(("gone",))
        if isinstance(client, BulkReader):
            client.on_publications = self._publications

    def _message(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        parts = (message.topic, message.payload, message.qos, message.retain, message.mid)
        self.heard.append(parts)

    def _publications(self, publications: object) -> None:
        assert isinstance(publications, list)
        self.heard += [tuple(publication) for publication in publications]


def plain() -> Client:
    return Client(CallbackAPIVersion.VERSION2, client_id="plain", protocol=MQTTv311)


def bulk(*, manual_ack: bool = False) -> BulkReader:
    return BulkReader(client_id="bulk", clean_session=True, manual_ack=manual_ack)


@contextmanager
def fed(client: Client) -> Iterator[tuple[Ear, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    client._sock = ours
    try:
        yield Ear(client), theirs
    finally:
        theirs.close()
        client._sock_close()
        client._reset_sockets()


def hear(client: Client, pieces: list[bytes]) -> tuple[Heard, bytes]:
    """Feed the pieces one by one; return what was heard and what was sent back."""
    with fed(client) as (ear, theirs):
        for piece in pieces:
            if piece:
                theirs.sendall(piece)
            for _ in range(8 * len(piece) + 8):
                if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return ear.heard, b""
        while client.want_write():
            client.loop_write()
        theirs.settimeout(0)
        try:
            answer = theirs.recv(1_000_000)
        except BlockingIOError:
            answer = b""
        return ear.heard, answer


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    at = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in pairwise(at)]


@given(st.lists(packets, min_size=1, max_size=8), st.lists(st.integers(0, 4_000), max_size=6))
def test_both_readers_hear_and_answer_the_same(sent: list[bytes], places: list[int]) -> None:
    pieces = cut(b"".join(sent), places)
    assert hear(bulk(), pieces) == hear(plain(), pieces)


def test_byte_by_byte_is_heard_too() -> None:
    stream = publish("a/b", b"x" * 200) + SUBACK + publish("c", b"", qos=1)
    pieces = [stream[at : at + 1] for at in range(len(stream))]
    heard, answer = hear(bulk(), pieces)
    assert heard == [("a/b", b"x" * 200, 0, False, 0), ("suback",), ("c", b"", 1, False, 7)]
    assert answer == b"\x40\x02\x00\x07"


def test_with_manual_ack_nothing_is_acknowledged() -> None:
    heard, answer = hear(bulk(manual_ack=True), [publish("a", b"x", qos=1)])
    assert (len(heard), answer) == (1, b"")


def test_a_message_larger_than_a_read_comes_whole() -> None:
    payload = bytes(range(256)) * 4_000
    stream = publish("a", payload)
    client = bulk()
    with fed(client) as (ear, theirs):
        theirs.settimeout(0)
        while stream or not ear.heard:
            if stream:
                with suppress(BlockingIOError):
                    stream = stream[theirs.send(stream) :]
            assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
    assert ear.heard == [("a", payload, 0, False, 0)]


@pytest.mark.parametrize(
    "stream",
    [
        b"\x30\xff\xff\xff\xff\x01",  # a length of five bytes
        packet(0x30, b"\x00"),  # shorter than the length of its topic
        packet(0x30, b"\x00\x05abc"),  # shorter than its topic
        packet(0x32, b"\x00\x01a\x00"),  # no room for a packet id
        packet(0xF0, b""),  # no packet of MQTT 3.1.1
    ],
)
def test_what_is_no_mqtt_ends_the_connection(stream: bytes) -> None:
    heard, _ = hear(bulk(), [publish("a", b"1") + stream])
    assert heard[-1] == ("gone",)


def test_a_topic_that_is_no_utf_8_is_shown_as_such() -> None:
    (heard,), _ = hear(bulk(), [packet(0x30, b"\x00\x02\xff\xfex")])
    assert heard[:2] == ("��", b"x")


def test_a_new_connection_begins_with_nothing_left_of_the_former() -> None:
    client = bulk()
    with fed(client) as (_, theirs):
        theirs.sendall(publish("a", b"cut")[:-1])
        client.loop_read()
    client._host, client._port = "127.0.0.1", 1
    with pytest.raises(OSError, match="refused"):
        client.reconnect()
    assert hear(client, [PINGRESP + publish("b", b"whole")])[0] == [("b", b"whole", 0, False, 0)]


@given(st.binary(max_size=300))
def test_packets_are_found_whole_or_left(buffer: bytes) -> None:
    try:
        found = find_packets(buffer)
    except MalformedPacket:
        return
    assert found.rest <= len(buffer)
    assert all(body <= end <= found.rest for _, body, end in found.whole)
    assert found.wanted == 0 or found.wanted > len(buffer) - found.rest


def test_the_pinned_paho_keeps_what_the_reader_leans_on() -> None:
    assert broken_promises(bulk()) == []


def test_another_paho_is_noticed_and_its_plain_client_serves() -> None:
    client = bulk()
    del client._msgtime_mutex
    client._in_packet = {"command": 0}  # type: ignore[typeddict-item]
    assert broken_promises(client) == ["_msgtime_mutex", "_in_packet"]


def test_the_client_says_how_it_reads() -> None:
    def reads(*, in_bulk: bool) -> bool:
        client = MqttClient(
            host="127.0.0.1",
            port=1,
            client_id="x",
            subscriptions=[],
            on_message=lambda _: None,
            in_bulk=in_bulk,
        )
        return client.reads_in_bulk

    assert reads(in_bulk=True)
    assert not reads(in_bulk=False)


def test_where_paho_is_another_one_the_client_reads_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk_reader, "_LEANED_ON", (*bulk_reader._LEANED_ON, "_gone"))
    client = MqttClient(
        host="127.0.0.1",
        port=1,
        client_id="x",
        subscriptions=[],
        on_message=lambda _: None,
        in_bulk=True,
    )
    assert not client.reads_in_bulk


def test_a_publication_is_what_a_message_begins_with() -> None:
    assert Publication._fields == ("topic", "payload", "qos", "retained", "mid")
