"""Pictures in a folder, named by their content."""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from domain.checks import check_sha256

_MODE = 0o640


class PictureFolder:
    """Keeps pictures as ``{root}/ab/abcd….jpg``; fulfils ``PictureStore``.

    A picture is there whole or not at all: it is written beside its place, synced, and renamed.
    Several threads and processes may put at once; a reader never sees half a picture.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, jpeg: bytes) -> str:
        """Store a picture durably and return its SHA-256. Raises ``OSError`` when it cannot.

        A picture that is already here only becomes young again for the retention.
        """
        sha256 = hashlib.sha256(jpeg).hexdigest()
        path = self._path(sha256)
        try:
            os.utime(path)
        except FileNotFoundError:
            self._write(path, jpeg)
        return sha256

    def get(self, sha256: str) -> bytes | None:
        """Return the picture, or None where it is not here; InvalidValueError: not a SHA-256."""
        path = self._path(check_sha256("sha256", sha256))
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def remove_older_than(self, instant: datetime) -> int:
        """Remove what was last put before ``instant``, left-overs of a crash too; say how many.

        The age is the file's, so it counts on the machine's clock and not on a business clock.
        """
        removed = 0
        for path in self._files():
            try:
                if path.stat().st_mtime < instant.timestamp():
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # somebody else removed it first
        return removed

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / f"{sha256}.jpg"

    def _files(self) -> Iterator[Path]:
        if self._root.is_dir():
            yield from self._root.glob("[0-9a-f][0-9a-f]/*.jpg*")

    def _write(self, path: Path, jpeg: bytes) -> None:
        folder = path.parent
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync_folder(self._root)
        # Each writer has its own draft, so two that put the same picture cannot mix their bytes.
        draft = path.with_name(f"{path.name}.{os.urandom(6).hex()}")
        try:
            with open(draft, "xb", opener=_private) as file:
                file.write(jpeg)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        _sync_folder(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, _MODE)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
