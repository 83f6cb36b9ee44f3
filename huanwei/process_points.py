"""A part of every process of a run with InfluxDB: its own figures as points, a few times a minute.

Present figures cannot be told later: while the server is away there are none, and nothing waits.
"""

import shutil
import threading
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from domain.checks import InvalidValueError
from domain.ports.clock import Clock
from huanwei.process import Closing, Part
from huanwei.settings import Settings
from ingest.influx.process_lines import process_lines
from ingest.influx.sink import (
    BodyTooLargeError,
    LineSink,
    LinesRefusedError,
    SinkBusyError,
    SinkClosedError,
)

EVERY_S = 15.0
"""Technical seconds."""
AT_LEAST_EVERY = 300.0
"""Business seconds: where the clock runs fast, charts of its hours need points too."""
_RESTS_S = 1.0

log = structlog.get_logger()


class ProcessPoints:
    """Writes the figures of one process until stopped. ``data`` lies on the disk that is told."""

    def __init__(
        self,
        *,
        process: str,
        metrics: CollectorRegistry,
        sink: LineSink,
        bucket: str,
        clock: Clock,
        data: Path,
        every_s: float = EVERY_S,
    ) -> None:
        self._process = process
        self._metrics = metrics
        self._sink = sink
        self._bucket = bucket
        self._clock = clock
        self._data = data
        self._every_s = every_s
        self._stop = threading.Event()
        self._away = False
        self._thread = threading.Thread(target=self._run, name="process-points")

    def start(self) -> None:
        """Write from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End, and close the connection. May be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def write(self) -> None:
        """Write the figures of this moment; a server that is away is told of once."""
        try:
            lines = process_lines(
                self._metrics, process=self._process, at=self._clock.now(), more=self._machine()
            )
            self._sink.write(self._bucket, b"\n".join(lines))
        except (
            SinkBusyError,
            SinkClosedError,
            LinesRefusedError,
            BodyTooLargeError,
            InvalidValueError,
            OSError,
        ) as error:
            if not self._away:
                log.warning("process_points_not_written", reason=str(error))
            self._away = True
            return
        if self._away:
            log.info("process_points_written_again")
        self._away = False

    def pause_s(self) -> float:
        """Return how long to wait before the next points."""
        dense_s = self._clock.technical_s(AT_LEAST_EVERY)
        return min(self._every_s, max(_RESTS_S, dense_s))

    def _run(self) -> None:
        while not self._stop.wait(self.pause_s()):
            self.write()

    def _machine(self) -> dict[str, float]:
        disk = shutil.disk_usage(self._data)
        return {
            "disk_free_bytes": float(disk.free),
            "disk_free_ratio": disk.free / disk.total,
        }


def points_of(
    settings: Settings, *, process: str, clock: Clock, metrics: CollectorRegistry
) -> list[Part]:
    """Return what tells the figures of ``process``, in the order of its start; none without
    ``[influx]``.
    """
    if settings.influx is None:
        return []
    from huanwei.influx import address  # noqa: PLC0415  36 MB that most runs do without
    from ingest.influx.server import InfluxServer  # noqa: PLC0415

    server = InfluxServer(address(settings.influx, settings.influx.token))
    points = ProcessPoints(
        process=process,
        metrics=metrics,
        sink=server,
        bucket=settings.influx.raw_bucket,
        clock=clock,
        data=settings.run.data,
    )
    return [Closing(server), points]
