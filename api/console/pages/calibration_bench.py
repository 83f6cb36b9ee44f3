"""A page's session at the bench: opened when first needed, asked one thing at a time."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from nicegui import run

from api.console.visit import Visit
from domain.devices import Camera
from domain.ports.calibration_store import CalibrationStore
from domain.ports.camera_bench import (
    BenchError,
    BenchPicture,
    BenchRefusal,
    BenchSession,
    CameraBench,
)

MOST_PICTURES = 24
"""As many as the bench keeps."""

_SESSION_IS_OVER = frozenset({BenchRefusal.ENDED, BenchRefusal.NO_PICTURES})
_T = TypeVar("_T")


class PageBench:
    """The session of one page, and the pictures that it was shown."""

    def __init__(
        self, visit: Visit, camera: Camera, store: CalibrationStore, bench: CameraBench
    ) -> None:
        self._visit, self._camera = visit, camera
        self._store, self._bench = store, bench
        self._session: BenchSession | None = None
        self._turn = asyncio.Lock()
        self.pictures: list[BenchPicture] = []
        self.closed = False

    @property
    def busy(self) -> bool:
        """Whether something is being asked."""
        return self._turn.locked()

    def close(self) -> None:
        """End the session; its pictures are gone."""
        self.closed = True
        self._forget()

    async def look(self) -> BenchPicture:
        """Fetch one more picture; raise ``BenchError``."""
        picture = await self.ask(lambda session: session.look())
        self.pictures = [*self.pictures, picture][-MOST_PICTURES:]
        return picture

    async def ask(self, ask: Callable[[BenchSession], _T]) -> _T:
        """Ask the bench; raise ``BenchError``, after which a session that is over is forgotten."""
        async with self._turn:
            try:
                if self._session is None:
                    self._session = await run.io_bound(self._open)
                session = self._session
                answer = None if session is None else await run.io_bound(ask, session)
            except BenchError as error:
                if error.reason in _SESSION_IS_OVER:
                    self._forget()
                raise
        if answer is None:  # the process is ending
            raise BenchError(BenchRefusal.ENDED)
        return answer

    def _forget(self) -> None:
        session, self._session = self._session, None
        self.pictures = []
        if session is not None:
            # A picture may be on its way: never wait for it on the event loop.
            asyncio.get_running_loop().run_in_executor(None, session.close)

    def _open(self) -> BenchSession:
        parts = self._visit.console.parts
        try:
            self._store.note_look(
                self._camera.device_id, looked_by=self._visit.role, looked_at=parts.clock.now()
            )
        except OSError as error:
            raise BenchError(BenchRefusal.NOT_RECORDED) from error
        session = self._bench.open(self._camera)
        if self.closed:
            session.close()
            raise BenchError(BenchRefusal.ENDED)
        return session
