"""Where messages wait between the MQTT thread and the worker: bounded, never blocking."""

import threading
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message on the topic of ``gateway_id``: a batch of records, or a picture."""

    gateway_id: str
    payload: bytes


class Inbox:
    """A queue bounded by bytes. What does not fit is refused: its gateway sends it again.

    ``arrived`` is set whenever something waits; several inboxes may share one.
    """

    def __init__(self, *, most_bytes: int, arrived: threading.Event) -> None:
        self._most_bytes = most_bytes
        self._arrived = arrived
        self._lock = threading.Lock()
        self._waiting: deque[Arrival] = deque()
        self._bytes = 0

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of payload wait."""
        return self._bytes

    def offer(self, arrival: Arrival) -> bool:
        """Take the message; False: there is no room, it is dropped."""
        with self._lock:
            if self._bytes + len(arrival.payload) > self._most_bytes:
                return False
            self._waiting.append(arrival)
            self._bytes += len(arrival.payload)
        self._arrived.set()
        return True

    def take(self, *, most_bytes: int) -> list[Arrival]:
        """Return what waits, oldest first, until there are ``most_bytes`` or more."""
        taken: list[Arrival] = []
        size = 0
        with self._lock:
            while self._waiting and size < most_bytes:
                arrival = self._waiting.popleft()
                taken.append(arrival)
                size += len(arrival.payload)
            self._bytes -= size
            left = bool(self._waiting)
        if left:
            self._arrived.set()
        return taken
