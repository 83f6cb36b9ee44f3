"""A crew's phone for tests: a web hook that records what arrives and answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class RecordingPhone:
    """Listens on a loopback port. ``code`` is the platform code of its answers (0: delivered);
    ``status_of`` tells the HTTP status by what a message says.
    """

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.arrived_s: list[float] = []
        self.code = 0
        self.status_of: Callable[[Mapping[str, Any]], int] = lambda _: 200
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.phone = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """The web hook's address."""
        return f"http://127.0.0.1:{self._server.server_port}/phone/crew-one"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    phone: RecordingPhone


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        phone = self.server.phone
        phone.arrived_s.append(time.monotonic())
        message = json.loads(self.rfile.read(length))
        phone.messages.append(message)
        body = json.dumps({"code": phone.code}).encode()
        self.send_response(phone.status_of(message))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as inherited
        """Say nothing."""
