"""``/healthz``, ``/readyz`` and ``/metrics`` of a process, on a loopback port of its own."""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Readiness = Callable[[], Mapping[str, str]]
"""What is missing, by part, in words; empty when the process is ready."""


class HealthServer:
    """Answers probes until stopped. Binds loopback only: a port that is taken raises OSError."""

    def __init__(self, *, port: int, readiness: Readiness, metrics: CollectorRegistry) -> None:
        self._server = _Server(("127.0.0.1", port), _ProbeHandler)
        self._server.readiness = readiness
        self._server.metrics = metrics
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.5}, name="health"
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    readiness: Readiness
    metrics: CollectorRegistry


class _ProbeHandler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200, "application/json", b'{"status":"ok"}')
        elif self.path == "/readyz":
            missing = dict(self.server.readiness())
            body = json.dumps({"ready": not missing, "missing": missing}).encode("utf-8")
            self._answer(503 if missing else 200, "application/json", body)
        elif self.path == "/metrics":
            self._answer(200, CONTENT_TYPE_LATEST, generate_latest(self.server.metrics))
        else:
            self._answer(404, "text/plain", b"not found\n")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as inherited
        """Say nothing: probes come every second."""
