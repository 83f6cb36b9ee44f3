"""The verdicts of pictures that a page names by their hash, looked up by when they acted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from domain.devices import Camera
from domain.ports.history import History
from domain.records import Record, SnapshotVerdicts

_AT_MOST_BEFORE = timedelta(minutes=30)
"""An alert or a check acts on a snapshot that is at most so old."""

_AT_MOST_AHEAD = timedelta(minutes=10)
"""So far a camera's clock may be ahead of who acts on its pictures."""


def snapshots_of(
    pictures: Iterable[tuple[datetime, str]], *, cameras: Sequence[Camera], history: History
) -> Mapping[str, Record]:
    """Return the verdicts of ``pictures`` by hash, as far as they are still kept.

    Each is given with a time: that at which it was taken, or at which something acted on it.
    """
    found: dict[str, Record] = {}
    for at, sha256 in pictures:
        for camera in cameras:
            if sha256 in found:
                break
            since, until = at - _AT_MOST_BEFORE, at + _AT_MOST_AHEAD
            for record in history.verdicts(camera.device_id, since=since, until=until):
                values = record.values
                if isinstance(values, SnapshotVerdicts) and values.picture_sha256 == sha256:
                    found[sha256] = record
    return found
