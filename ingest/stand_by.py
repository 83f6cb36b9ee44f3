"""Begins as soon as it may: at once, or when the one who works now is gone."""

import threading
from collections.abc import Callable

import structlog

from ingest.ports.journal import JournalUnavailableError

TRY_EVERY_S = 1.0

_log = structlog.get_logger(__name__)

_BROKEN = "could not begin; see the log"


class StandBy:
    """Calls ``begin`` until it does not raise ``JournalUnavailableError`` any more.

    ``waits_for`` is what stands in the way, None after the beginning. What else ``begin`` raises at
    the first try, :meth:`start` raises; at a later one it is told to ``on_failed`` and tried again.
    """

    def __init__(
        self,
        begin: Callable[[], None],
        *,
        on_failed: Callable[[], None],
        try_every_s: float = TRY_EVERY_S,
    ) -> None:
        self._begin = begin
        self._on_failed = on_failed
        self._try_every_s = try_every_s
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.waits_for: str | None = None

    def start(self) -> None:
        """Begin now, or wait for it in a thread of our own."""
        if not self._has_begun():
            self._thread = threading.Thread(target=self._wait, name="stand-by", daemon=False)
            self._thread.start()

    def stop(self) -> None:
        """Wait no longer. May be called twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _wait(self) -> None:
        while not self._stopping.wait(self._try_every_s):
            try:
                if self._has_begun():
                    return
            except Exception:  # noqa: BLE001  the thread must live: count, log, and try again
                self._on_failed()
                if self.waits_for != _BROKEN:
                    _log.exception("stand_by_failed")
                self.waits_for = _BROKEN

    def _has_begun(self) -> bool:
        try:
            self._begin()
        except JournalUnavailableError as error:
            if self.waits_for != str(error):
                _log.info("standing_by", waits_for=str(error))
            self.waits_for = str(error)
            return False
        if self.waits_for is not None:
            _log.info("standing_by_no_more")
            self.waits_for = None
        return True
