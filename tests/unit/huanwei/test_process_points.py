from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from huanwei.process_points import ProcessPoints
from ingest.influx.process_lines import process_lines
from ingest.influx.sink import SinkBusyError
from ingest.metrics import IngestMetrics
from ingest.reasons import RefusalReason
from tests.fakes.manual_clock import START, ManualClock


class ShakySink:
    """Takes every body while ``up``."""

    def __init__(self) -> None:
        self.up = True
        self.bodies: list[tuple[str, bytes]] = []

    def write(self, bucket: str, body: bytes) -> None:
        if not self.up:
            raise SinkBusyError("away")
        self.bodies.append((bucket, body))


def counted() -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics = IngestMetrics(registry)
    metrics.records.labels("accepted").inc(5)
    metrics.records.labels("late").inc(2)
    metrics.refused.labels(RefusalReason.UNKNOWN_DEVICE).inc(3)
    metrics.lag.set(1.5)
    metrics.round_seconds.observe(0.2)
    return registry


def test_figures_are_told_by_their_names_with_labels_added_up() -> None:
    told = process_lines(counted(), process="ingest", at=START, more={"disk_free_ratio": 0.25})

    point = told[0].decode()
    assert point.startswith("process,process=ingest ")
    assert "ingest_records_total=7," in point
    assert "ingest_lag_seconds=1.5," in point
    assert "disk_free_ratio=0.25" in point
    assert "ingest_round_seconds_sum=0.2," in point
    assert "bucket" not in point
    assert point.endswith(f" {START.timestamp() * 1e9:.0f}")


def test_each_reason_of_a_dead_letter_is_a_point_of_its_own_from_the_first_moment() -> None:
    told = process_lines(counted(), process="ingest", at=START, more={})

    refused = {line.decode().rpartition(" ")[0] for line in told[1:]}
    assert len(refused) == len(RefusalReason)
    assert f"refused,process=ingest,reason={RefusalReason.UNKNOWN_DEVICE} total=3" in refused


def test_a_server_that_is_away_is_told_of_once_and_stops_nothing(
    tmp_path: Path,
) -> None:
    sink, clock = ShakySink(), ManualClock(START)
    points = ProcessPoints(
        process="ingest",
        metrics=counted(),
        sink=sink,
        bucket="raw",
        clock=clock,
        data=tmp_path,
    )
    with capture_logs() as said:
        points.write()
        sink.up = False
        for _ in range(3):
            points.write()
        sink.up = True
        clock.advance(minutes=1)
        points.write()

    events = [entry["event"] for entry in said]
    assert events == ["process_points_not_written", "process_points_written_again"]

    assert [bucket for bucket, _ in sink.bodies] == ["raw", "raw"]
    at = (START + timedelta(minutes=1)).timestamp() * 1e9
    assert sink.bodies[1][1].decode().splitlines()[0].endswith(f" {at:.0f}")


def test_it_starts_and_ends_without_waiting_for_its_turn(tmp_path: Path) -> None:
    points = ProcessPoints(
        process="alerts",
        metrics=CollectorRegistry(),
        sink=ShakySink(),
        bucket="raw",
        clock=ManualClock(START),
        data=tmp_path,
        every_s=600,
    )

    points.start()
    points.stop()
    points.stop()


class FastClock(ManualClock):
    speed = 1.0

    def technical_s(self, business_s: float) -> float:
        return business_s / self.speed


@pytest.mark.parametrize(("speed", "pause_s"), [(1.0, 15.0), (60.0, 5.0), (600.0, 1.0)])
def test_a_clock_that_runs_fast_gets_points_often_enough_for_its_hours(
    tmp_path: Path, speed: float, pause_s: float
) -> None:
    clock = FastClock(START)
    clock.speed = speed
    points = ProcessPoints(
        process="alerts",
        metrics=CollectorRegistry(),
        sink=ShakySink(),
        bucket="raw",
        clock=clock,
        data=tmp_path,
    )

    assert points.pause_s() == pause_s
