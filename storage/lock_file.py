"""A lock that one process holds and that goes with it, however it ends."""

import fcntl
import os
from pathlib import Path


class FileInUseError(Exception):
    """Another process holds this file. End that process, or choose another folder."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is in use by process {holder or '(unknown)'}")
        self.path = path
        self.holder = holder


class LockFile:
    """An exclusive lock on ``path``; the file holds the process id of its holder.

    Raises :class:`FileInUseError` at once when another process has it. A file left behind by a
    dead process is no lock: the kernel has let it go.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise FileInUseError(path, holder) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Give the lock up."""
        os.close(self._descriptor)
