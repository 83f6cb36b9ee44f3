import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from ingest.metrics import IngestMetrics
from ingest.picture_retention import PictureRetention
from storage.picture_folder import PictureFolder

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class BrokenPictures:
    """A folder that cannot be walked, and counts how often that was tried."""

    def __init__(self) -> None:
        self.tried = threading.Semaphore(0)

    def remove_older_than(self, _instant: datetime) -> int:
        self.tried.release()
        msg = "input/output error"
        raise OSError(msg)


def test_pictures_older_than_their_days_go_and_are_counted(tmp_path: Path) -> None:
    pictures = PictureFolder(tmp_path)
    names = {age: pictures.put(f"picture of {age} days".encode()) for age in (1, 29, 31, 99)}
    for age, sha256 in names.items():
        at = (NOW - timedelta(days=age)).timestamp()
        os.utime(tmp_path / sha256[:2] / f"{sha256}.jpg", (at, at))
    counters = CollectorRegistry()
    retention = PictureRetention(
        pictures=pictures, days=30, wall_now=lambda: NOW, metrics=IngestMetrics(counters)
    )
    assert retention.step() == 2
    assert {age for age, sha256 in names.items() if pictures.get(sha256)} == {1, 29}
    assert counters.get_sample_value("huanwei_ingest_pictures_removed_total") == 2


def test_a_folder_that_fails_is_tried_again_and_stops_nobody() -> None:
    pictures = BrokenPictures()
    retention = PictureRetention(
        pictures=pictures,
        days=30,
        wall_now=lambda: NOW,
        metrics=IngestMetrics(CollectorRegistry()),
        every_s=0.01,
    )
    retention.start()
    assert all(pictures.tried.acquire(timeout=5) for _ in range(2))
    retention.stop()
    retention.stop()
