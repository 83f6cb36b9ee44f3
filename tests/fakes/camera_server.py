"""A camera on a loopback port that answers what a test has put there."""

import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class CameraServer:
    """Serves ``pictures[path]`` (bytes), the next one of them with each request.

    With ``login`` (``user:password``) only to who says that.
    """

    def __init__(self, pictures: dict[str, list[bytes]], *, login: str | None = None) -> None:
        self.pictures = pictures
        wanted = None if login is None else f"Basic {b64encode(login.encode()).decode()}"
        self.asked: dict[str, int] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = wanted is None or self.headers["Authorization"] == wanted
                body = outer.next_picture(self.path) if known else b""
                self.send_response(200 if known else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def next_picture(self, path: str) -> bytes:
        number = self.asked.get(path, 0)
        self.asked[path] = number + 1
        answers = self.pictures[path]
        return answers[number % len(answers)]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
