"""The spool of pictures in the gateway's SQLite file."""

import threading
from collections.abc import Sequence

from gateway.spool import SpooledPicture, SpoolLimits
from gateway.spool_file import SpoolFile
from wire.pictures import PictureMessage, decode_picture, encode_picture


class SqlitePictureSpool:
    """Fulfils :class:`gateway.spool.PictureSpool`: the oldest picture goes when there is no room.

    A picture is named by its content: the same one put twice is kept once.
    """

    def __init__(self, file: SpoolFile, limits: SpoolLimits | None = None) -> None:
        self._file = file
        self._limits = limits or SpoolLimits()
        self._lock = threading.Lock()
        with file.transaction() as connection:
            self._held, self._bytes = connection.execute(
                "SELECT count(*), coalesce(sum(size), 0) FROM picture"
            ).fetchone()

    def put(self, message: PictureMessage) -> int:
        """Keep a picture; return how many older ones had to go."""
        payload = encode_picture(message)
        with self._lock:
            held, size, dropped = self._held, self._bytes, 0
            with self._file.transaction() as connection:
                known = connection.execute(
                    "SELECT 1 FROM picture WHERE sha256 = ?", (message.sha256,)
                ).fetchone()
                if known:
                    return 0
                while held and not self._has_room(held + 1, size + len(payload)):
                    (gone,) = connection.execute(_DELETE_OLDEST).fetchall()[0]
                    held, size, dropped = held - 1, size - gone, dropped + 1
                connection.execute(
                    "INSERT INTO picture (sha256, size, message) VALUES (?, ?, ?)",
                    (message.sha256, len(payload), payload),
                )
            self._held, self._bytes = held + 1, size + len(payload)
            return dropped

    def peek(self, *, after: int, limit: int) -> Sequence[SpooledPicture]:
        """Return held pictures behind number ``after``, oldest first."""
        with self._file.transaction() as connection:
            rows = connection.execute(
                "SELECT number, message FROM picture WHERE number > ? ORDER BY number LIMIT ?",
                (after, limit),
            ).fetchall()
        return [SpooledPicture(number, decode_picture(message)) for number, message in rows]

    def confirm(self, hashes: Sequence[str]) -> int:
        """Delete the pictures with these SHA-256; return how many that were."""
        with self._lock:
            gone, size = 0, 0
            with self._file.transaction() as connection:
                for sha256 in hashes:
                    for (length,) in connection.execute(_DELETE_ONE, (sha256,)).fetchall():
                        gone += 1
                        size += length
            self._held -= gone
            self._bytes -= size
            return gone

    def held(self) -> int:
        """Return how many pictures wait."""
        return int(self._held)

    def _has_room(self, pictures: int, size: int) -> bool:
        return pictures <= self._limits.pictures and size <= self._limits.picture_bytes


_DELETE_OLDEST = (
    "DELETE FROM picture WHERE number = (SELECT min(number) FROM picture) RETURNING size"
)
_DELETE_ONE = "DELETE FROM picture WHERE sha256 = ? RETURNING size"
