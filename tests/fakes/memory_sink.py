"""An InfluxDB as a writer sees it: keeps lines, refuses what a test names, fails when told to."""

from collections.abc import Iterable

from ingest.influx.sink import BodyTooLargeError, LinesRefusedError


class MemorySink:
    """Fulfils ``ingest.influx.sink.LineSink``.

    ``unparsable`` lines refuse their whole body, ``conflicting`` ones only themselves, as the real
    server does. ``failures`` are raised first, one a request.
    """

    def __init__(
        self,
        *,
        unparsable: Iterable[bytes] = (),
        conflicting: Iterable[bytes] = (),
        failures: Iterable[Exception] = (),
        most_bytes: int | None = None,
    ) -> None:
        self.unparsable = set(unparsable)
        self.conflicting = set(conflicting)
        self.failures = list(failures)
        self.most_bytes = most_bytes
        self.written: set[bytes] = set()
        self.bodies: list[bytes] = []

    def write(self, bucket: str, body: bytes) -> None:  # noqa: ARG002  there is one bucket
        self.bodies.append(body)
        if self.failures:
            raise self.failures.pop(0)
        if self.most_bytes is not None and len(body) > self.most_bytes:
            raise BodyTooLargeError("413: too large")
        lines = set(body.split(b"\n"))
        if lines & self.unparsable:
            raise LinesRefusedError("400: unable to parse")
        self.written |= lines - self.conflicting
        dropped = len(lines & self.conflicting)
        if dropped:
            raise LinesRefusedError("422: field type conflict", dropped=dropped)
