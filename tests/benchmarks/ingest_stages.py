"""What each stage of ingest reaches alone, without broker and without the others, by CPU time."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from struct import pack

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client import CollectorRegistry

from huanwei.business_clock import SystemClock
from ingest.fresh_records import FreshRecords
from ingest.inbox import Arrival
from ingest.journal import SqliteJournal
from ingest.metrics import IngestMetrics
from ingest.picture_intake import PictureIntake
from ingest.record_feed import SqliteRecordFeed
from ingest.rounds import Rounds
from ingest.series import SqliteSeries
from ingest.series_follower import SeriesFollower
from tests.benchmarks.ingest_load import Load, batch_from, registry_of, shared_among
from tests.benchmarks.ingest_process import NO_LIMIT
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from tests.servers import GATEWAY_ID
from wire.bulk_reader import BulkReader
from wire.topics import up_topic

_ROUND_RECORDS = 4_000
"""About what ingest takes at once where it is given all it can take."""

_ROUNDS_A_STEP = 2


def payloads(load: Load, count: int) -> list[bytes]:
    """Return the batches of that many records."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    return [batch_from(first, load, start) for first in range(1, count + 1, load.size)]


def judge_and_series(folder: Path, load: Load, count: int, gateways: int) -> tuple[float, float]:
    """Return records per CPU second of judge with journal, and of the series behind them.

    So many gateways share the records; the batches come from each in turn.
    """
    each = [
        [Arrival(one.gateway_id, payload) for payload in payloads(one, count // gateways)]
        for one in shared_among(load, gateways)
    ]
    arrivals = list(chain.from_iterable(zip(*each, strict=True)))
    metrics, fresh = IngestMetrics(CollectorRegistry()), FreshRecords()
    journal = SqliteJournal(folder / "journal.db")
    rounds = Rounds(
        journal=journal,
        pictures=PictureIntake(MemoryPictures()),
        registry=MemoryRegistry(registry_of(load.sensors, gateways)),
        clock=SystemClock(),
        metrics=metrics,
        limits=NO_LIMIT,
        fresh=(fresh,),
    )
    series, feed = SqliteSeries(folder / "series.db"), SqliteRecordFeed(folder / "journal.db")
    follower = SeriesFollower(feed=feed, series=series, metrics=metrics, fresh=fresh)
    judged_s = series_s = 0.0
    written, per_round = 0, max(1, _ROUND_RECORDS // load.size)
    for number, first in enumerate(range(0, len(arrivals), per_round), start=1):
        before_s = time.thread_time()
        rounds.run(arrivals[first : first + per_round])
        judged_s += time.thread_time() - before_s
        if number % _ROUNDS_A_STEP == 0:
            before_s = time.thread_time()
            written += follower.step()
            series_s += time.thread_time() - before_s
    before_s = time.thread_time()
    while step := follower.step():
        written += step
    series_s += time.thread_time() - before_s
    for part in (feed, series, journal):
        part.close()
    if written != count:
        msg = f"{written} of {count} records reached the series"
        raise AssertionError(msg)
    return count / judged_s, count / series_s


def _packet(topic: bytes, payload: bytes) -> bytes:
    body = pack("!H", len(topic)) + topic + payload
    length, rest = bytearray(), len(body)
    while rest >= 0x80:
        length.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([0x30, *length, rest]) + body


@contextmanager
def _fed(client: Client, stream: bytes) -> Iterator[None]:
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    client._sock = ours
    feeder = threading.Thread(target=theirs.sendall, args=(stream,))
    feeder.start()
    try:
        yield
    finally:
        feeder.join()
        theirs.close()
        client._sock_close()
        client._reset_sockets()


def _records_read(client: Client, stream: bytes, messages: list[int], expected: int) -> float:
    """Return the CPU seconds of the reading thread."""
    before_s = time.thread_time()
    with _fed(client, stream):
        while sum(messages) < expected:
            client.loop(0.2)
        return time.thread_time() - before_s


def readers(load: Load, count: int) -> tuple[float, float]:
    """Return records per CPU second of the bulk reader and of stock paho, which only count."""
    topic = up_topic(GATEWAY_ID).encode()
    batches = payloads(load, count)
    stream = b"".join([_packet(topic, payload) for payload in batches])
    heard = [0]

    def add(number: int) -> None:
        heard[0] += number

    bulk = BulkReader(client_id="bulk", clean_session=True, manual_ack=False)
    bulk.on_publications = lambda publications: add(len(publications))
    bulk_s = _records_read(bulk, stream, heard, len(batches))
    heard[0] = 0
    stock = Client(CallbackAPIVersion.VERSION2, client_id="stock", protocol=MQTTv311)
    stock.on_message = lambda *_: add(1)
    return count / bulk_s, count / _records_read(stock, stream, heard, len(batches))
