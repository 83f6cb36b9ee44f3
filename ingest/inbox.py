"""Where messages wait between the MQTT thread and the worker: bounded, fair, never blocking."""

import threading
from collections import OrderedDict, deque
from typing import NamedTuple

TURN_BYTES = 16 * 1024
"""What a gateway may hand in a turn: some 70 records, so that one who sends live waits for none."""


class Arrival(NamedTuple):
    """A message on the topic of ``gateway_id``: a batch of records, or a picture."""

    gateway_id: str
    payload: bytes


class _Line:
    """The messages of one gateway, in the order they came; ``credit``: bytes it may hand in."""

    __slots__ = ("bytes", "credit", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Arrival] = deque()
        self.bytes = 0
        self.credit = 0


class Inbox:
    """Lines of messages, one for each gateway, bounded by the bytes of all.

    Gateways are served in turns, so a backlog of one holds up nobody else's records. Where there is
    no room the longest line gives way, its newest message first: its gateway sends that again.
    ``arrived`` is set whenever something waits; several inboxes may share one.
    """

    def __init__(
        self, *, most_bytes: int, arrived: threading.Event, turn_bytes: int = TURN_BYTES
    ) -> None:
        self._most_bytes = most_bytes
        self._turn_bytes = turn_bytes
        self._arrived = arrived
        self._lock = threading.Lock()
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._bytes = 0

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of payload wait."""
        return self._bytes

    def offer(self, arrival: Arrival) -> int:
        """Take the message; return how many had to be dropped for want of room, it or others."""
        size = len(arrival.payload)
        with self._lock:
            dropped = 0
            while self._bytes + size > self._most_bytes:
                dropped += 1
                if not self._shorten_a_longer_line(arrival.gateway_id, size):
                    return dropped
            line = self._lines.get(arrival.gateway_id)
            if line is None:
                line = self._lines[arrival.gateway_id] = _Line()
            line.waiting.append(arrival)
            line.bytes += size
            self._bytes += size
        # Looking is cheaper than setting. Nothing is missed: who takes clears the bell first.
        if not self._arrived.is_set():
            self._arrived.set()
        return dropped

    def take(self, *, most_bytes: int) -> list[Arrival]:
        """Return what waits, the gateways in turns, until there are ``most_bytes`` or more.

        Of each gateway the oldest comes first. A message longer than a turn waits for several.
        """
        taken: list[Arrival] = []
        size = 0
        with self._lock:
            while self._lines and size < most_bytes:
                gateway_id, line = next(iter(self._lines.items()))
                line.credit += self._turn_bytes
                while line.waiting and len(line.waiting[0].payload) <= line.credit:
                    arrival = line.waiting.popleft()
                    taken.append(arrival)
                    line.credit -= len(arrival.payload)
                    line.bytes -= len(arrival.payload)
                    size += len(arrival.payload)
                self._lines.move_to_end(gateway_id)
                if not line.waiting:
                    del self._lines[gateway_id]
            self._bytes -= size
            left = bool(self._lines)
        if left:
            self._arrived.set()
        return taken

    def _shorten_a_longer_line(self, gateway_id: str, size: int) -> bool:
        """Drop the newest of the longest line; False: that is the line of ``gateway_id`` itself."""
        if not self._lines:
            return False
        longest_id, longest = max(self._lines.items(), key=lambda named: named[1].bytes)
        own = self._lines.get(gateway_id)
        if (0 if own is None else own.bytes) + size >= longest.bytes:
            return False
        newest = longest.waiting.pop()
        longest.bytes -= len(newest.payload)
        self._bytes -= len(newest.payload)
        if not longest.waiting:
            del self._lines[longest_id]
        return True
