"""The parent's end of one child process: start it, hear it, end it."""

import pickle
import subprocess
from multiprocessing.connection import Pipe

from vision.orders import ChildOrders
from vision.process_limits import child_command, child_environment
from vision.results import MOST_MESSAGE_BYTES, Beat, Looked, decode_message

_GRACE_S = 3.0


class ChildEndedError(Exception):
    """The child is gone, or no longer speaks. Start another one."""


class ChildLink:
    """One child process. Start it from a thread that lives as long: the child ends with it."""

    def __init__(self, orders: ChildOrders) -> None:
        self._connection, other_end = Pipe(duplex=True)
        with other_end:
            self._process = subprocess.Popen(  # noqa: S603  our own module, fixed arguments
                child_command("vision.child_process", str(other_end.fileno())),
                pass_fds=(other_end.fileno(),),
                env=child_environment(),
                stdin=subprocess.DEVNULL,
            )
        try:
            self._connection.send_bytes(pickle.dumps(orders))
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def hear(self, wait_s: float) -> Beat | Looked | None:
        """Return the next message, None when none comes within ``wait_s``.

        Raises :class:`ChildEndedError`, and
        :class:`vision.results.UnreadableMessageError` for bytes no healthy child sends.
        """
        try:
            if not self._connection.poll(wait_s):
                return None
            return decode_message(self._connection.recv_bytes(MOST_MESSAGE_BYTES))
        except (EOFError, OSError) as error:
            raise ChildEndedError(str(error)) from error

    def kill(self) -> None:
        """End a child that no longer listens."""
        self._process.kill()

    def end(self) -> int:
        """End the child, kindly for three seconds, and return its exit code. Idempotent."""
        self._connection.close()
        try:
            return self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
