"""Carries lines into a bucket so that one bad line costs only itself."""

import random
from collections.abc import Callable, Sequence

import structlog

from ingest.influx.metrics import InfluxMetrics
from ingest.influx.refusals import PointRefusal, RefusedPoint
from ingest.influx.sink import (
    BodyTooLargeError,
    LineSink,
    LinesRefusedError,
    SinkBusyError,
    SinkClosedError,
)

FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
CLOSED_RETRY_S = 30.0
MOST_RETRY_AFTER_S = 300.0

Write = Callable[[bytes], None]

_log = structlog.get_logger(__name__)


class StoppedError(Exception):
    """The writer was told to stop while it waited; what it carried is still behind the cursor."""


class PatientSink:
    """Writes to one bucket, and tries again for ever what can succeed later.

    ``wait(seconds)`` returns True when the writer shall stop; with ``ends_when_closed`` a server
    that lets nothing in ends it too. ``trouble`` says in words why nothing gets in now, and
    ``closed`` whether somebody has to mend it.
    """

    def __init__(
        self,
        *,
        sink: LineSink,
        bucket: str,
        wait: Callable[[float], bool],
        rng: random.Random,
        metrics: InfluxMetrics,
        ends_when_closed: bool = False,
    ) -> None:
        self._ends_when_closed = ends_when_closed
        self._sink = sink
        self._bucket = bucket
        self._wait = wait
        self._rng = rng
        self._metrics = metrics
        self.trouble = ""
        self.closed = False

    def write(self, body: bytes) -> None:
        """Return when ``body`` is written.

        Raises :class:`LinesRefusedError`, :class:`BodyTooLargeError` or :class:`StoppedError`.
        """
        backoff_s = FIRST_RETRY_S
        while True:
            try:
                self._sink.write(self._bucket, body)
            except SinkBusyError as error:
                self._in_trouble(str(error), closed=False)
                asked_s = min(error.retry_after_s or 0.0, MOST_RETRY_AFTER_S)
                pause_s = max(backoff_s * self._rng.uniform(0.5, 1.0), asked_s)
                backoff_s = min(backoff_s * 2, LONGEST_RETRY_S)
            except SinkClosedError as error:
                self._in_trouble(str(error), closed=True)
                pause_s = CLOSED_RETRY_S
            except (LinesRefusedError, BodyTooLargeError):
                self._metrics.requests.labels("refused").inc()
                self._out_of_trouble()
                raise
            else:
                self._metrics.requests.labels("written").inc()
                self._out_of_trouble()
                return
            if (self.closed and self._ends_when_closed) or self._wait(pause_s):
                raise StoppedError

    def _in_trouble(self, detail: str, *, closed: bool) -> None:
        self._metrics.requests.labels("closed" if closed else "busy").inc()
        if not self.trouble or closed != self.closed:
            say = _log.error if closed else _log.warning
            say("influxdb_closed" if closed else "influxdb_busy", bucket=self._bucket, why=detail)
        self.trouble, self.closed = detail, closed
        self._metrics.closed.labels(self._bucket).set(float(closed))

    def _out_of_trouble(self) -> None:
        if self.trouble:
            _log.info("influxdb_takes_again", bucket=self._bucket)
            self.trouble, self.closed = "", False
        self._metrics.closed.labels(self._bucket).set(0.0)


def deliver(write: Write, body: bytes) -> list[RefusedPoint]:
    """Write all lines of ``body`` but the ones that are refused, and return those.

    A refused body is searched for its first bad line by halves, which writes the good ones before
    it; then the rest goes on as one body. So a bad line among n costs at most ceil(log2 n) + 1
    requests. Raises what ``write`` raises of other kinds.
    """
    refused: list[RefusedPoint] = []
    while body:
        try:
            write(body)
        except LinesRefusedError as error:
            lines = body.split(b"\n")
            if error.dropped == len(lines):
                return refused + [_refused(line, error) for line in lines]
            first, why = _first_refused(write, lines, error)
            refused.append(_refused(lines[first], why))
            body = b"\n".join(lines[first + 1 :])
        except BodyTooLargeError as error:
            return refused + _deliver_in_halves(write, body.split(b"\n"), error)
        else:
            return refused
    return refused


def _first_refused(
    write: Write, lines: Sequence[bytes], why: LinesRefusedError
) -> tuple[int, LinesRefusedError]:
    # Always: all lines before `low` are written, and the first bad one is before `high`.
    low, high = 0, len(lines)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            write(b"\n".join(lines[low:middle]))
        except LinesRefusedError as error:
            high, why = middle, error
            if error.dropped == middle - low:
                break
        else:
            low = middle
    return low, why


def _deliver_in_halves(
    write: Write, lines: Sequence[bytes], error: BodyTooLargeError
) -> list[RefusedPoint]:
    if len(lines) == 1:
        return [
            RefusedPoint(reason=PointRefusal.TOO_LARGE, detail=str(error), content=lines[0]),
        ]
    middle = len(lines) // 2
    halves = lines[:middle], lines[middle:]
    return [refused for half in halves for refused in deliver(write, b"\n".join(half))]


def _refused(line: bytes, error: LinesRefusedError) -> RefusedPoint:
    return RefusedPoint(reason=_reason(str(error)), detail=str(error), content=line)


def _reason(detail: str) -> PointRefusal:
    # In the server's words (2.9.1); with words of another version the line is still kept.
    if "unable to parse" in detail:
        return PointRefusal.UNPARSABLE_LINE
    if "field type conflict" in detail:
        return PointRefusal.TYPE_CONFLICT
    if "outside retention policy" in detail:
        return PointRefusal.BEYOND_RETENTION
    return PointRefusal.REFUSED
