"""What the comparison with the usual way counts: rows and points that were acknowledged, only."""

import http.client
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from influxdb_client.client.write.point import Point

from ingest.influx.record_lines import lines_of_records
from tests.benchmarks.acknowledging_sink import acknowledging_sink
from tests.benchmarks.ingest_load import Load, encoded_records, registry_of, shared_among
from tests.benchmarks.usual_consumer import Reading, point_of
from tests.servers import GATEWAY_ID


def soon(happened: Callable[[], bool]) -> bool:
    deadline_s, pause = time.monotonic() + 5, threading.Event()
    while not happened() and time.monotonic() < deadline_s:
        pause.wait(0.01)
    return happened()


def test_the_sink_counts_rows_and_tells_repetitions_apart() -> None:
    first, again = b"m,d=a x=1 1\nm,d=b x=1 1", b"m,d=a x=1 1\nm,d=a x=1 2"
    with acknowledging_sink(remembers=True) as sink:
        connection = http.client.HTTPConnection(urlsplit(sink.url).netloc, timeout=5)
        for body in (first, again):
            connection.request("POST", "/api/v2/write", body)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == http.client.NO_CONTENT
        connection.close()
        assert soon(lambda: (sink.rows, sink.points) == (4, 3))


def test_the_sink_does_not_count_a_body_that_was_cut_short() -> None:
    with acknowledging_sink(remembers=True) as sink:
        host, port = urlsplit(sink.url).netloc.split(":")
        with socket.create_connection((host, int(port)), timeout=5) as cut:
            cut.sendall(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nm,d=a x=1 1\n")
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request("POST", "/", b"m,d=b x=1 1")
        assert connection.getresponse().status == http.client.NO_CONTENT
        connection.close()
        assert soon(lambda: sink.rows == 1)


def test_both_ways_write_the_same_points_with_the_same_fields() -> None:
    registry = registry_of(3)
    records = [record for _, record in encoded_records(1, 6, datetime.now(UTC), sensors=3)]
    ours = [Parts(line.decode()) for line in lines_of_records(records, registry).lines]
    usual = [Parts(line_of(point_of(Reading.model_validate_json(record)))) for record in records]
    assert [(each.device, each.at, each.fields) for each in ours] == [
        (each.device, each.at, each.fields) for each in usual
    ]


def test_each_gateway_of_a_shared_load_has_its_own_sensors() -> None:
    registry = registry_of(2, gateways=3)
    loads = shared_among(Load(size=1, window=1, sensors=2), 3)
    assert loads[0].gateway_id == GATEWAY_ID
    for load in loads:
        records = encoded_records(
            1, 4, datetime.now(UTC), sensors=2, first_sensor=load.first_sensor
        )
        devices = {Reading.model_validate_json(record).device_id for _, record in records}
        assert len(devices) == 2
        assert {registry.sensors[each].gateway_id for each in devices} == {load.gateway_id}


def line_of(point: Point) -> str:
    line = point.to_line_protocol()
    assert isinstance(line, str)
    return line


class Parts:
    """A line of one fill reading, taken apart; numbers as numbers."""

    def __init__(self, line: str) -> None:
        head, fields, at = line.split(" ")
        self.device = dict(tag.split("=") for tag in head.split(",")[1:])["device_id"]
        self.at = int(at)
        self.fields = {
            name: value if value.startswith('"') else float(value)
            for name, value in (field.split("=") for field in fields.split(","))
        }
