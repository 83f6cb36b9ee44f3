"""An InfluxDB as its writers meet it on bad days: a real HTTP server that does what it is told.

It answers ``POST /api/v2/write`` as InfluxDB 2.9.1 does (204; 400 and nothing of the body written;
401; 404; 422 and the rest written; 429 with ``Retry-After``; 503), late, or by half an answer.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_LONGEST_S = 600.0
_CODES = {
    400: "invalid",
    401: "unauthorized",
    404: "not found",
    422: "unprocessable entity",
    429: "too many requests",
    503: "unavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """How the server answers a write.

    ``status`` 204 takes it; ``status_of`` is another for some buckets. ``late_s`` it waits before;
    ``half`` it takes the lines, then breaks off the answer. ``unparsable``, ``conflicting`` and
    ``too_old`` name the lines that 400 and 422 are about.
    """

    status: int = 204
    status_of: Mapping[str, int] = field(default_factory=dict)
    late_s: float = 0.0
    half: bool = False
    retry_after_s: int | None = None
    unparsable: Callable[[bytes], bool] = lambda _line: False
    conflicting: Callable[[bytes], bool] = lambda _line: False
    too_old: Callable[[bytes], bool] = lambda _line: False


TAKES = Mood()


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A request: when it came, into which bucket, what its first line measures, how many lines."""

    at_s: float
    bucket: str
    measurement: str
    lines: int


class ScriptedInflux:
    """Listens on a loopback port; ``mood`` may change at any time."""

    def __init__(self) -> None:
        self.mood = TAKES
        self.lines: set[bytes] = set()
        self.requests: list[Write] = []
        self._awake = threading.Event()
        self._port = 0
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The server's address, the same after a stop."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Begin to listen."""
        self._awake.clear()
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.influx = self
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def stop(self) -> None:
        """Stop listening: connections are refused from now on. May be called twice."""
        self._awake.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def wait(self, seconds: float) -> None:
        """Let a request wait, at most until the server stops."""
        self._awake.wait(min(seconds, _LONGEST_S))

    def answer(self, bucket: str, body: bytes) -> tuple[int, str]:
        """Take what may be taken; return status and message."""
        mood, lines = self.mood, body.split(b"\n")
        measurement = body.partition(b",")[0].decode("ascii")
        self.requests.append(
            Write(
                at_s=time.monotonic(),
                bucket=bucket,
                measurement=measurement,
                lines=len(lines),
            )
        )
        self.wait(mood.late_s)
        status = mood.status_of.get(bucket, mood.status)
        if status != 204:
            return status, "as told"
        if any(map(mood.unparsable, lines)):
            return 400, "unable to parse 'a line': as told"
        conflicting = list(filter(mood.conflicting, lines))
        too_old = list(filter(mood.too_old, lines))
        self.lines |= set(lines).difference(conflicting, too_old)
        if conflicting:
            return 422, f"partial write: field type conflict: as told dropped={len(conflicting)}"
        if too_old:
            return (
                422,
                f"partial write: points outside retention policy: as told dropped={len(too_old)}",
            )
        return 204, ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    influx: ScriptedInflux


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        bucket = self.path.partition("bucket=")[2].partition("&")[0]
        influx = self.server.influx
        status, message = influx.answer(bucket, body)
        if influx.mood.half:
            self.wfile.write(b"HTTP/1.1 204 No Con")
            self.close_connection = True
            return
        answer = b"" if status == 204 else _told(status, message)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        if influx.mood.retry_after_s is not None:
            self.send_header("Retry-After", str(influx.mood.retry_after_s))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as inherited
        """Say nothing."""


def _told(status: int, message: str) -> bytes:
    return json.dumps({"code": _CODES[status], "message": message}).encode()
