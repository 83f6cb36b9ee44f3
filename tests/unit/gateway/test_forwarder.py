import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from gateway.forwarder import PICTURES_IN_THE_AIR, Forwarder
from gateway.metrics import GatewayMetrics
from tests.fakes.manual_clock import START, ManualClock
from tests.fakes.memory_spool import MemoryPictureSpool, MemorySpool
from tests.fakes.recording_connection import RecordingConnection
from wire.acks import Ack, encode_ack
from wire.batches import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, UplinkBatch, decode_batch
from wire.client import Message
from wire.pictures import PictureMessage, decode_picture
from wire.topics import ack_topic, hello_topic, picture_topic, shard_of, up_topic

GATEWAY = "gw-1"


class Bench:
    """A forwarder between fakes; every ``pump`` is one turn of its thread."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.spool = MemorySpool()
        self.pictures = MemoryPictureSpool()
        self.uplink = RecordingConnection()
        self.metrics = CollectorRegistry()
        self.failures: list[str] = []
        self.forwarder = self.new_forwarder()

    def new_forwarder(self) -> Forwarder:
        return Forwarder(
            gateway_id=GATEWAY,
            spool=self.spool,
            pictures=self.pictures,
            uplink=self.uplink,
            clock=self.clock,
            metrics=GatewayMetrics(CollectorRegistry()),
            on_failed=self.failures.append,
        )

    def batches(self) -> list[UplinkBatch]:
        self.forwarder.pump()
        return [
            decode_batch(payload)
            for topic, payload, qos in self.uplink.take()
            if topic == up_topic(GATEWAY) and qos == 0
        ]

    def sequences(self) -> list[list[int]]:
        return [[sequence for sequence, _ in batch.items] for batch in self.batches()]

    def ack(self, through: int, *missing: tuple[int, int], boot_id: str | None = None) -> None:
        ack = Ack(boot_id=boot_id or self.spool.boot_id, through=through, missing=missing)
        self.receive(ack_topic(GATEWAY), encode_ack(ack))

    def receive(self, topic: str, payload: bytes, *, retained: bool = False) -> None:
        self.forwarder.receive(Message(topic, payload, 0, retained, 0, 1))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def picture(number: int) -> PictureMessage:
    jpeg = bytes([number])
    return PictureMessage(
        gateway_id=GATEWAY,
        device_id="camera-1",
        observed_at=START,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        jpeg=jpeg,
    )


def test_what_was_accepted_together_travels_in_one_batch(bench: Bench) -> None:
    bench.spool.append([b"{1}", b"{2}"], notes={})
    bench.spool.append([b"{3}"], notes={})
    (batch,) = bench.batches()
    assert batch.items == ((1, b"{1}"), (2, b"{2}"), (3, b"{3}"))
    assert (batch.boot_id, batch.oldest) == (bench.spool.boot_id, 1)
    assert bench.batches() == []


def test_a_record_leaves_the_spool_only_on_its_ack(bench: Bench) -> None:
    bench.spool.append([b"{}"] * 3, notes={})
    bench.batches()
    assert bench.spool.extent().records == 3
    bench.ack(2)
    bench.batches()
    assert bench.spool.extent().oldest == 3


def test_without_an_ack_it_is_sent_again_after_ten_seconds(bench: Bench) -> None:
    bench.spool.append([b"{}"] * 2, notes={})
    assert bench.sequences() == [[1, 2]]
    bench.clock.advance(seconds=9.9)
    assert bench.sequences() == []
    bench.clock.advance(seconds=0.2)
    assert bench.sequences() == [[1, 2]]


@pytest.mark.parametrize("how", ["reconnect", "hello"])
def test_after_a_reconnect_or_a_hello_it_is_sent_again_at_once(bench: Bench, how: str) -> None:
    bench.spool.append([b"{}"] * 2, notes={})
    assert bench.sequences() == [[1, 2]]
    if how == "hello":
        bench.receive(hello_topic(shard_of(GATEWAY)), b"")
    else:
        bench.forwarder.send_all_again()
    assert bench.sequences() == [[1, 2]]


def test_only_what_ingest_misses_is_sent_again(bench: Bench) -> None:
    bench.spool.append([b"x" * 2_000] * 400, notes={})
    sent = bench.sequences()
    assert len(sent) == 4
    bench.clock.advance(seconds=2)
    bench.ack(400, (sent[1][0], sent[1][-1]))
    assert bench.sequences() == [sent[1]]


def test_a_new_process_sends_all_that_is_held_and_in_order(bench: Bench) -> None:
    bench.spool.append([b"{}"] * 5, notes={})
    bench.batches()
    bench.ack(2)
    bench.batches()
    bench.forwarder = bench.new_forwarder()
    assert bench.sequences() == [[3, 4, 5]]


def test_batches_keep_within_both_limits_and_lose_no_record(bench: Bench) -> None:
    rng = random.Random(7)
    sizes = [rng.choice([10, 300, 5_000, 240 * 1024]) for _ in range(900)]
    bench.spool.append([b"x" * size for size in sizes], notes={})
    seen: list[int] = []
    for _ in range(1_000):
        bench.forwarder.pump()
        for _topic, payload, _qos in bench.uplink.take():
            assert len(payload) <= MAX_BATCH_BYTES
            batch = decode_batch(payload)
            assert len(batch.items) <= MAX_BATCH_RECORDS
            seen += [sequence for sequence, _ in batch.items]
        if not bench.spool.extent().records:
            break
        bench.ack(seen[-1])
    assert seen == list(range(1, 901))


def test_at_most_32_batches_wait_for_their_acks(bench: Bench) -> None:
    bench.spool.append([b"x" * 200_000] * 40, notes={})
    assert len(bench.batches()) == 32
    assert bench.batches() == []
    bench.ack(2)
    assert bench.sequences() == [[33], [34]]


def test_after_a_time_out_only_half_as_many_go_again(bench: Bench) -> None:
    bench.spool.append([b"x" * 200_000] * 40, notes={})
    bench.batches()
    bench.clock.advance(seconds=10)
    assert bench.sequences() == [[n] for n in range(1, 17)]


def test_what_the_connection_does_not_take_is_tried_again(bench: Bench) -> None:
    bench.spool.append([b"x" * 200_000] * 3, notes={})
    bench.uplink.takes = 1
    assert bench.sequences() == [[1]]
    bench.uplink.takes = 10
    assert bench.sequences() == [[2], [3]]


def test_without_a_connection_nothing_is_sent_and_nothing_lost(bench: Bench) -> None:
    bench.uplink.connected = False
    bench.spool.append([b"{}"], notes={})
    assert bench.sequences() == []
    bench.uplink.connected = True
    assert bench.sequences() == [[1]]


def test_foreign_and_senseless_acks_free_nothing(bench: Bench) -> None:
    bench.spool.append([b"{}"] * 2, notes={})
    bench.batches()
    bench.ack(2, boot_id="f" * 16)
    bench.ack(3)
    bench.receive(ack_topic(GATEWAY), b"{broken")
    good = encode_ack(Ack(boot_id=bench.spool.boot_id, through=2))
    bench.receive(ack_topic(GATEWAY), good, retained=True)
    bench.batches()
    assert bench.spool.extent().records == 2


def test_an_ack_for_a_former_process_counts(bench: Bench) -> None:
    bench.spool.append([b"{}"] * 2, notes={})
    bench.ack(2)
    assert bench.sequences() == []
    assert bench.spool.extent().records == 0
    bench.spool.append([b"{}"], notes={})
    assert bench.sequences() == [[3]]


class LossyIngest:
    """Keeps what arrives and acks as ingest does; both ways may lose anything."""

    def __init__(self, bench: Bench, rng: random.Random) -> None:
        self.bench = bench
        self.rng = rng
        self.kept: dict[int, bytes] = {}
        self.loss = 0.4

    def turn(self) -> None:
        for batch in self.bench.batches():
            if self.rng.random() < self.loss:
                continue
            for sequence, body in batch.items:
                assert self.kept.setdefault(sequence, body) == body
            through = batch.items[-1][0]
            gaps = sorted(set(range(batch.oldest, through)) - self.kept.keys())
            if self.rng.random() >= self.loss:
                self.bench.ack(through, *((gap, gap) for gap in gaps))


@given(st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_whatever_is_lost_on_the_way_every_record_arrives_and_the_spool_empties(seed: int) -> None:
    bench, rng = Bench(), random.Random(seed)
    ingest = LossyIngest(bench, rng)
    accepted: dict[int, bytes] = {}
    for _ in range(30):
        match rng.randrange(6):
            case 0 | 1 | 2:
                bodies = [b"%d" % rng.randrange(10**9) for _ in range(rng.randrange(1, 40))]
                accepted |= dict(zip(bench.spool.append(bodies, notes={}), bodies, strict=True))
            case 3:
                bench.clock.advance(seconds=rng.choice([0.1, 1, 11]))
            case 4:
                bench.forwarder.send_all_again()
            case _:
                bench.forwarder = bench.new_forwarder()
        ingest.turn()
    ingest.loss = 0
    for _ in range(40):
        bench.clock.advance(seconds=11)
        ingest.turn()
    bench.forwarder.pump()
    assert ingest.kept == accepted
    assert bench.spool.extent().records == 0


def sent_pictures(bench: Bench) -> list[bytes]:
    bench.forwarder.pump()
    return [
        decode_picture(payload).jpeg
        for topic, payload, _ in bench.uplink.take()
        if topic == picture_topic(GATEWAY)
    ]


def test_pictures_go_when_no_record_waits_to_be_sent(bench: Bench) -> None:
    bench.pictures.put(picture(1))
    bench.spool.append([b"x" * 200_000] * 33, notes={})
    assert sent_pictures(bench) == []
    bench.ack(32)
    assert sent_pictures(bench) == [b"\x01"]


def test_pictures_leave_on_their_ack_and_go_again_without_one(bench: Bench) -> None:
    for number in range(PICTURES_IN_THE_AIR + 2):
        bench.pictures.put(picture(number))
    first = sent_pictures(bench)
    assert len(first) == PICTURES_IN_THE_AIR
    ack = Ack(pictures=(picture(0).sha256,))
    bench.receive(ack_topic(GATEWAY), encode_ack(ack))
    assert sent_pictures(bench) == [bytes([PICTURES_IN_THE_AIR])]
    assert bench.pictures.held() == PICTURES_IN_THE_AIR + 1
    bench.clock.advance(seconds=10)
    assert sent_pictures(bench)[0] == b"\x01"


def test_the_thread_sends_when_it_is_woken(bench: Bench) -> None:
    bench.forwarder.start()
    bench.spool.append([b"{}"], notes={})
    bench.forwarder.wake()
    for _ in range(200):
        if bench.uplink.published:
            break
        bench.forwarder._stopping.wait(0.01)
    bench.forwarder.stop()
    bench.forwarder.stop()
    assert len(bench.uplink.published) == 1
