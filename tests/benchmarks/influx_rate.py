"""How fast readings go from the journal into InfluxDB.

Three comparisons, each with both sides in turns in one run, medians told:
- lines printed a CPU second, ours against the library's ``Point``, from the same decoded records;
- rows a CPU second from a journal on disk through the writer into a sink that takes everything;
- rows a second into a real InfluxDB, the writer against a loader that posts ready-made bodies.

    python -m tests.benchmarks.influx_rate [--rows 200000] [--rounds 5]
"""

import argparse
import http.client
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from influxdb_client import Point
from msgspec import json

from ingest.influx.deliveries import SqliteDeliveries
from ingest.influx.fill_lines import Heads
from ingest.influx.record_lines import Decoded, RecordLines, lines_of, lines_of_records
from ingest.influx.server import InfluxAddress, InfluxServer
from ingest.influx.source import joined
from ingest.influx.writer import ENTRIES_A_PAGE
from ingest.instants import to_us
from ingest.journal import SqliteJournal
from ingest.ports.journal import SETS_STATE, Round
from ingest.record_feed import SqliteRecordFeed
from tests.benchmarks.ingest_load import encoded_records
from tests.benchmarks.surroundings import print_surroundings
from tests.fakes.influx_rig import new_bucket, new_writer
from tests.fakes.ingest_samples import BOOT, GATEWAY, sample_registry
from tests.fakes.memory_registry import MemoryRegistry
from tests.influx_server import ORG, RunningInflux, find_influxd
from wire.records import FillBody, RecordBody, decode_record

SENSORS = 200
REGISTRY = sample_registry(sensors=SENSORS + 1, gateway_id=GATEWAY)
FIRST = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
BATCH = 5_000


def cpu_rate(work: Callable[[], int]) -> float:
    """Return how many things a CPU second ``work`` does."""
    before_s = time.process_time()
    count = work()
    return count / (time.process_time() - before_s)


def in_turns(
    rounds: int, ours: Callable[[], float], theirs: Callable[[], float]
) -> tuple[float, float]:
    """Return the medians of both sides, measured in turns after one round of warming up."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def print_row(what: str, ours: float, theirs: float, against: str) -> None:
    """Print one line of the report."""
    print(f"| {what} | {ours:,.0f} | {theirs:,.0f} ({against}) | {ours / theirs:.2f} |")


def point_line(body: RecordBody) -> str:
    """Return a reading as the library prints it."""
    reading = body.values
    assert isinstance(reading, FillBody)
    point = Point("fill").tag("device_id", body.device_id).tag("place_id", "place-1")
    point.field("gateway_delay_s", (body.gateway_at - body.observed_at).total_seconds())
    point.field("measurement_quality", str(reading.measurement_quality))
    for name in ("filling_level", "distance_mm", "temperature_c", "battery_v"):
        point.field(name, getattr(reading, name))
    point.field("cover_open", float(bool(reading.cover_open)))
    return str(point.time(body.observed_at).to_line_protocol())


def measure_lines(rounds: int) -> None:
    """Lines a CPU second from decoded records, and from the journal's bytes."""
    records = [record for _, record in encoded_records(1, ENTRIES_A_PAGE, FIRST)]
    bodies = json.decode(b"[" + b",".join(records) + b"]", type=list[RecordBody])
    decoded = Decoded(bodies=bodies, observed_us=[to_us(body.observed_at) for body in bodies])
    heads: Heads = {}

    def ours() -> float:
        return cpu_rate(
            lambda: sum(joined(lines_of(decoded, REGISTRY, heads)).count for _ in range(5))
        )

    def theirs() -> float:
        return cpu_rate(lambda: len([point_line(body) for body in bodies]))

    print_row("lines a CPU second, of decoded records", *in_turns(rounds, ours, theirs), "`Point`")

    def whole() -> float:
        return cpu_rate(lambda: lines_of_records(records, REGISTRY).count)

    print_row(
        "lines a CPU second, decoding included", *in_turns(rounds, whole, theirs), "`Point` alone"
    )


def fill_journal(path: Path, rows: int) -> None:
    """Write a journal of ``rows`` readings, each its device's newest."""
    journal = SqliteJournal(path)
    uplink = journal.load().uplink(GATEWAY, BOOT)
    received_at = datetime.now(UTC)
    for first in range(1, rows + 1, BATCH):
        round_ = Round(received_at=received_at, uplinks={uplink.number: uplink})
        for sequence, encoded in encoded_records(first, min(BATCH, rows + 1 - first), FIRST):
            record = decode_record(encoded)
            observed_us = to_us(record.observed_at)
            round_.admit(uplink.number, sequence, encoded, record, observed_us, SETS_STATE)
        assert journal.commit(round_).accepted == len(round_.records)
    journal.close()


def carry(journal: Path, address: InfluxAddress, bucket: str, deliveries_path: Path) -> int:
    """Carry the whole journal into a bucket; return how many rows there were."""
    with ExitStack() as opened:
        feed, deliveries = SqliteRecordFeed(journal), SqliteDeliveries(deliveries_path)
        server = InfluxServer(address)
        for thing in (feed, deliveries, server):
            opened.callback(thing.close)
        source = RecordLines(feed=feed, registry=MemoryRegistry(REGISTRY))
        writer = new_writer(source, server, deliveries, bucket=bucket)
        writer.begin_anew()
        total = 0
        while carried := writer.step():
            total += carried
        return total


def take_everything(listener: socket.socket) -> None:
    """Answer every request with 204; runs in a process of its own."""
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            while lines.readline():
                length = 0
                while header := lines.readline().strip():
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                lines.read(length)
                connection.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def local_sink() -> Iterator[InfluxAddress]:
    """Run a server that takes everything and keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = multiprocessing.get_context("fork").Process(
            target=take_everything, args=(listener,)
        )
        process.start()
        try:
            yield InfluxAddress(url=f"http://127.0.0.1:{port}", org=ORG, token="any")  # noqa: S106  it takes any
        finally:
            process.terminate()
            process.join()


def measure_sink(rounds: int, journal: Path, folder: Path) -> None:
    """Rows a CPU second from the journal into the sink; the bare post of ready bodies beside it."""
    bodies = ready_bodies(journal)
    rows = sum(body.count(b"\n") + 1 for body in bodies)
    with local_sink() as address:

        def ours() -> float:
            return cpu_rate(lambda: carry(journal, address, "raw", folder / "sink.db"))

        def theirs() -> float:
            return cpu_rate(lambda: load(bodies, address, "raw") and rows)

        found = in_turns(rounds, ours, theirs)
    print_row("rows a CPU second, journal to sink", *found, "ready bodies posted")


def ready_bodies(journal: Path) -> list[bytes]:
    """Return the bodies of a journal, made beforehand."""
    feed = SqliteRecordFeed(journal)
    source = RecordLines(feed=feed, registry=MemoryRegistry(REGISTRY))
    bodies, after = [], 0
    while page := source.read(after=after, limit=ENTRIES_A_PAGE):
        bodies.append(page.told.text)
        after = page.through
    feed.close()
    return bodies


def load(bodies: list[bytes], address: InfluxAddress, bucket: str) -> int:
    """Post bodies one after the other over one connection; return how many."""
    connection = http.client.HTTPConnection(urlsplit(address.url).netloc, timeout=30)
    for body in bodies:
        connection.request(
            "POST",
            f"/api/v2/write?org={ORG}&bucket={bucket}&precision=ns",
            body,
            {"Authorization": f"Token {address.token}"},
        )
        answer = connection.getresponse()
        answer.read()
        assert answer.status == http.client.NO_CONTENT
    connection.close()
    return len(bodies)


def measure_server(rounds: int, journal: Path, folder: Path) -> None:
    """Rows a second into a real server, every round into a bucket of its own."""
    running = RunningInflux(folder / "influxd")
    running.start()
    running.set_up()
    address = running.address()
    bodies = ready_bodies(journal)
    rows = sum(body.count(b"\n") + 1 for body in bodies)

    def wall_rate(work: Callable[[str], int]) -> float:
        bucket = new_bucket(running)
        before_s = time.monotonic()
        work(bucket)
        return rows / (time.monotonic() - before_s)

    def ours() -> float:
        return wall_rate(lambda bucket: carry(journal, address, bucket, folder / "real.db"))

    def theirs() -> float:
        return wall_rate(lambda bucket: load(bodies, address, bucket))

    try:
        found = in_turns(rounds, ours, theirs)
    finally:
        running.stop()
    print_row("rows a second, journal to InfluxDB", *found, "ready bodies posted")


def main() -> None:
    """Run all comparisons and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print_surroundings("Journal to InfluxDB")
    print("| what | ours | compared with | ratio |\n| --- | ---: | ---: | ---: |")
    measure_lines(arguments.rounds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = folder / "journal.db"
        fill_journal(journal, arguments.rows)
        measure_sink(arguments.rounds, journal, folder)
        if find_influxd() is None:
            print("\nNot run against a real influxd: none was found (INFLUXD_BIN).")
        else:
            measure_server(arguments.rounds, journal, folder)


if __name__ == "__main__":
    main()
