"""What the adapter makes of answers that a real server gives only in trouble."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ingest.influx.server import InfluxAddress, InfluxError, InfluxServer
from ingest.influx.sink import (
    BodyTooLargeError,
    LinesRefusedError,
    SinkBusyError,
    SinkClosedError,
)

PARTIAL = (
    '{"code":"unprocessable entity","message":"failure writing points to database:'
    ' partial write: field type conflict: input field dropped=2"}'
)


class ScriptedServer(ThreadingHTTPServer):
    """Gives one answer to every request, and keeps the last one's path, headers and body."""

    daemon_threads = True
    status = 204
    answer = ""
    headers: dict[str, str]
    breaks_off = False
    path = ""
    body = b""
    asked: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def do_POST(self) -> None:
        script = self.server
        script.path = self.path
        script.asked = dict(self.headers)
        script.body = self.rfile.read(int(self.headers["Content-Length"]))
        body = script.answer.encode()
        self.send_response(script.status)
        for name, value in script.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + 100 * script.breaks_off))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as inherited
        """Say nothing."""


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer(("127.0.0.1", 0), Handler)
    server.headers = {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def write(scripted: ScriptedServer, *, use_gzip: bool = False) -> None:
    address = InfluxAddress(url=scripted.url, org="huanwei", token="secret", gzip=use_gzip)  # noqa: S106  of a test
    server = InfluxServer(address)
    try:
        server.write("raw", b"fill level=1 1\nfill level=2 2")
    finally:
        server.close()


def test_a_body_goes_out_as_it_is(scripted: ScriptedServer) -> None:
    write(scripted)
    assert scripted.body == b"fill level=1 1\nfill level=2 2"
    assert scripted.path == "/api/v2/write?org=huanwei&bucket=raw&precision=ns"
    assert scripted.asked["Authorization"] == "Token secret"


def test_gzip_is_a_setting(scripted: ScriptedServer) -> None:
    write(scripted, use_gzip=True)
    assert gzip.decompress(scripted.body) == b"fill level=1 1\nfill level=2 2"


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (400, '{"code":"invalid","message":"unable to parse"}', LinesRefusedError),
        (400, "<html>Bad request</html>", SinkClosedError),
        (400, "[]", SinkClosedError),
        (401, '{"code":"unauthorized","message":"unauthorized access"}', SinkClosedError),
        (403, "", SinkClosedError),
        (404, '{"code":"not found","message":"bucket not found"}', SinkClosedError),
        (405, "", SinkClosedError),
        (302, "", SinkClosedError),
        (408, "", SinkBusyError),
        (413, '{"code":"request too large","message":"too large"}', BodyTooLargeError),
        (422, PARTIAL, LinesRefusedError),
        (422, "no JSON", SinkClosedError),
        (429, "", SinkBusyError),
        (500, '{"code":"internal error","message":"..."}', SinkBusyError),
        (503, "", SinkBusyError),
    ],
)
def test_every_answer_says_what_the_writer_can_do(
    scripted: ScriptedServer, status: int, answer: str, expected: type[Exception]
) -> None:
    scripted.status, scripted.answer = status, answer
    with pytest.raises(expected) as caught:
        write(scripted)
    assert str(caught.value).startswith(str(status))


def test_a_partial_write_tells_how_many_were_dropped(scripted: ScriptedServer) -> None:
    scripted.status, scripted.answer = 422, PARTIAL
    with pytest.raises(LinesRefusedError) as caught:
        write(scripted)
    assert caught.value.dropped == 2


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("Fri, 31 Dec 2027 23:59:59 GMT", None), ("-1", None)]
)
def test_a_busy_server_may_say_when_to_come_again(
    scripted: ScriptedServer, header: str, seconds: float | None
) -> None:
    scripted.status, scripted.headers = 429, {"Retry-After": header}
    with pytest.raises(SinkBusyError) as caught:
        write(scripted)
    assert caught.value.retry_after_s == seconds


def test_an_answer_that_breaks_off_is_no_answer(scripted: ScriptedServer) -> None:
    scripted.status, scripted.answer, scripted.breaks_off = 200, "half", True
    with pytest.raises(SinkBusyError):
        write(scripted)


def test_nobody_at_the_door_is_busy_and_a_query_says_so() -> None:
    server = InfluxServer(InfluxAddress(url="http://127.0.0.1:9", org="huanwei", token="secret"))  # noqa: S106  of a test
    with pytest.raises(SinkBusyError, match="refused"):
        server.write("raw", b"fill level=1 1")
    with pytest.raises(InfluxError, match="refused") as caught:
        list(server.rows('from(bucket: "raw") |> range(start: -1h)'))
    assert caught.value.status is None
    server.close()
