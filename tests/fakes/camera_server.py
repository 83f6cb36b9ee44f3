"""A camera on a loopback port that answers what a test has put there."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class CameraServer:
    """Serves ``pictures[path]`` (bytes), the next one of them with each request."""

    def __init__(self, pictures: dict[str, list[bytes]]) -> None:
        self.pictures = pictures
        self.asked: dict[str, int] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = outer.next_picture(self.path)
                self.send_response(200)
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
