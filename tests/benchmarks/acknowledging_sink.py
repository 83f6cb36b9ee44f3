"""A server that takes every body of lines, acknowledges it, and counts what it got."""

import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

_ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Sink:
    """Where it is, and what it has acknowledged: rows, and different points where it remembers."""

    url: str
    arrived: Any
    """The shared value of ``rows``, for another process."""
    _points: Any

    @property
    def rows(self) -> int:
        """Rows acknowledged so far."""
        return int(self.arrived.value)

    @property
    def points(self) -> int:
        """Different points (series and time) acknowledged so far."""
        return int(self._points.value)


@contextmanager
def acknowledging_sink(*, remembers: bool) -> Iterator[Sink]:
    """Run a sink in a process of its own; ``remembers``: it also tells repetitions apart."""
    fork = multiprocessing.get_context("fork")
    rows, points = fork.Value("q", 0), fork.Value("q", 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = fork.Process(target=_serve, args=(listener, rows, points, remembers))
        process.start()
    try:
        yield Sink(f"http://127.0.0.1:{port}", rows, points)
    finally:
        process.terminate()
        process.join()


def _serve(listener: socket.socket, rows: Any, points: Any, remembers: bool) -> None:  # noqa: ANN401, FBT001  shared values have no public type
    known: set[tuple[bytes, bytes]] = set()
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            for body in _bodies(lines):
                told = body.splitlines()
                if remembers:
                    known.update((one.split(b" ", 1)[0], one.rsplit(b" ", 1)[1]) for one in told)
                    points.value = len(known)
                rows.value += len(told)
                connection.sendall(_ANSWER)


def _bodies(lines: Any) -> Iterator[bytes]:  # noqa: ANN401  a buffered reader of a socket
    """Yield the bodies of one connection; one cut short was never acknowledged."""
    while lines.readline():
        length = 0
        while header := lines.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        body = lines.read(length)
        if len(body) < length:
            return
        yield body
