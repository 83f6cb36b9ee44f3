"""The bench's near side: one limited process for each session, a few sessions at a time."""

import pickle
import subprocess
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import TypeVar

import structlog

from domain.calibration import OverflowThreshold
from domain.devices import Camera, Lighting
from domain.ports.camera_bench import (
    BenchError,
    BenchPicture,
    BenchRefusal,
    RenewedReference,
    Trial,
)
from vision.bench_messages import (
    MOST_ANSWER_BYTES,
    PICTURES_TO_RENEW,
    Answer,
    CleanPicture,
    FindThreshold,
    Found,
    Look,
    Made,
    Refused,
    Renew,
    Renewed,
    Request,
    Seen,
    Tried,
    TryOut,
    UnreadableAnswerError,
    decode_answer,
    encode,
)
from vision.orders import CameraLogin
from vision.process_limits import child_command, child_environment

_log = structlog.get_logger()

MOST_SESSIONS = 3
PATIENCE_S = 40.0
"""Longer than any request may burn processor; then the process hangs."""

BETWEEN_LOOKS_S = 1.0
"""Of the pictures for a clean one made anew: who walks moves on by as much as himself."""

_GRACE_S = 1.0
_A = TypeVar("_A", bound=Answer)


class ProcessBench:
    """Fulfils ``domain.ports.camera_bench.CameraBench``. Thread-safe.

    The process is started from the calling thread and ends with it, so that thread must live on.
    """

    def __init__(
        self,
        *,
        references_folder: Path,
        overflow_network: bool = False,
        logins: Mapping[str, CameraLogin] | None = None,
        patience_s: float = PATIENCE_S,
        between_looks_s: float = BETWEEN_LOOKS_S,
    ) -> None:
        self._between_looks_s = between_looks_s
        self._folder = references_folder
        self._network = overflow_network
        self._logins = dict(logins or {})
        self._patience_s = patience_s
        self._mutex = threading.Lock()
        self._open: list[ProcessBenchSession] = []

    def open(self, camera: Camera) -> "ProcessBenchSession":
        """Begin a session; raise ``BenchError`` when too many are open."""
        logins = {name: self._logins[name] for name in self._logins if name == camera.device_id}
        orders = pickle.dumps((camera, self._folder, self._network, logins))
        with self._mutex:
            # Its process ends a session that nobody asks any more, also where its page stays open.
            self._open = [session for session in self._open if not session.is_over()]
            if len(self._open) >= MOST_SESSIONS:
                raise BenchError(BenchRefusal.BUSY)
            session = ProcessBenchSession(orders, self._patience_s)
            self._open.append(session)
        return session

    def renewed_reference(self, camera: Camera) -> RenewedReference:
        """Make a clean reference anew in a session of its own."""
        session, pause = self.open(camera), threading.Event()
        try:
            session.look()
            for _ in range(PICTURES_TO_RENEW - 1):
                pause.wait(self._between_looks_s)
                session.look()
            return session.renewed(camera)
        finally:
            session.close()


class ProcessBenchSession:
    """One process with the pictures of one session."""

    def __init__(self, orders: bytes, patience_s: float) -> None:
        self._patience_s = patience_s
        self._mutex = threading.Lock()
        self._ended = False
        own_end, other_end = Pipe(duplex=True)
        self._connection: Connection = own_end
        with other_end:
            self._process = subprocess.Popen(  # noqa: S603  our own module, fixed arguments
                child_command("vision.bench_process", str(other_end.fileno())),
                pass_fds=(other_end.fileno(),),
                env=child_environment(),
                stdin=subprocess.DEVNULL,
            )
        self._connection.send_bytes(orders)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def is_over(self) -> bool:
        """Whether the process has ended: closed, killed, or unasked for too long."""
        return self._process.poll() is not None

    def look(self) -> BenchPicture:
        """Fetch one more picture from the camera."""
        seen = self._ask(Look(), Seen)
        return BenchPicture(number=seen.number, jpeg=seen.jpeg)

    def try_out(self, camera: Camera, references: Mapping[Lighting, bytes]) -> Trial:
        """Judge the pictures on the bench as if the camera were set up so."""
        tried = self._ask(TryOut(camera=camera, references=dict(references)), Tried)
        return Trial(verdicts=tried.verdicts, stored_jpeg=tried.stored_jpeg)

    def clean_picture(self, numbers: Sequence[int]) -> bytes:
        """Return a JPEG for a reference: the median of these pictures."""
        return self._ask(CleanPicture(numbers=tuple(numbers)), Made).jpeg

    def renewed(self, camera: Camera) -> RenewedReference:
        """Return the reference that the pictures on the bench give, all of a clean place."""
        made = self._ask(Renew(camera=camera), Renewed)
        return RenewedReference(lighting=made.lighting, jpeg=made.jpeg)

    def threshold(self, camera: Camera, numbers: Sequence[int]) -> OverflowThreshold:
        """Return the overflow threshold that these pictures of normal bins give."""
        return self._ask(FindThreshold(camera=camera, numbers=tuple(numbers)), Found).threshold

    def close(self) -> None:
        """End the process, and with it its pictures. Idempotent, and never in the way of a call."""
        with self._mutex:
            self._end()

    def _ask(self, request: Request, wanted: type[_A]) -> _A:
        with self._mutex:
            if self._ended:
                raise BenchError(BenchRefusal.ENDED)
            try:
                self._connection.send_bytes(encode(request))
                if not self._connection.poll(self._patience_s):
                    raise TimeoutError
                answer = decode_answer(self._connection.recv_bytes(MOST_ANSWER_BYTES))
            except (EOFError, OSError, UnreadableAnswerError) as error:
                _log.error("bench_process_lost", error=repr(error))
                self._end()
                raise BenchError(BenchRefusal.ENDED) from error
        if isinstance(answer, Refused):
            raise BenchError(answer.reason)
        if not isinstance(answer, wanted):
            self.close()
            raise BenchError(BenchRefusal.ENDED)
        return answer

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
