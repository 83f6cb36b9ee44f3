"""Flow control of the uplink: what is in the air, what has to go again, and how much may.

Pure: the forwarder tells it what was sent and acknowledged, by the technical clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_IN_THE_AIR = 32
RESEND_AFTER_S = 10.0
HURRY_AFTER_S = 1.0


@dataclass(slots=True)
class Flight:
    """One batch that was sent: its first and last sequence, and when; None: it must go again."""

    first: int
    last: int
    sent_at_s: float | None


class FlowControl:
    """At most ``window`` batches are unacknowledged: half as many after a time-out, one more with
    every ack that confirms something, never over 32.
    """

    def __init__(
        self,
        *,
        most: int = MOST_IN_THE_AIR,
        resend_after_s: float = RESEND_AFTER_S,
        hurry_after_s: float = HURRY_AFTER_S,
    ) -> None:
        self._most = most
        self._resend_after_s = resend_after_s
        self._hurry_after_s = hurry_after_s
        self._flights: list[Flight] = []
        self.window = most
        self.newest_sent = 0

    @property
    def in_the_air(self) -> int:
        """How many batches are sent and neither acknowledged nor given up."""
        return sum(flight.sent_at_s is not None for flight in self._flights)

    @property
    def has_room(self) -> bool:
        """Whether another batch may be sent now."""
        return self.in_the_air < self.window

    def to_send_again(self) -> Flight | None:
        """Return the oldest batch that must go again, if any."""
        return next((flight for flight in self._flights if flight.sent_at_s is None), None)

    def sent(self, first: int, last: int, now_s: float) -> None:
        """Note that a new batch was sent."""
        self._flights.append(Flight(first, last, now_s))
        self.newest_sent = max(self.newest_sent, last)

    def sent_again(self, flight: Flight, now_s: float) -> None:
        """Note that a batch was sent once more."""
        flight.sent_at_s = now_s

    def forget(self, flight: Flight) -> None:
        """Drop a batch of which the spool holds nothing any more."""
        self._flights.remove(flight)

    def acknowledged(self, through: int, missing: Sequence[tuple[int, int]], now_s: float) -> None:
        """Let go of what is confirmed; what ingest misses goes again unless it was just sent."""
        left: list[Flight] = []
        for flight in self._flights:
            misses = any(first <= flight.last and flight.first <= last for first, last in missing)
            if flight.last <= through and not misses:
                continue
            long_sent = flight.sent_at_s is not None and (
                now_s - flight.sent_at_s >= self._hurry_after_s
            )
            if misses and long_sent:
                flight.sent_at_s = None
            left.append(flight)
        if len(left) < len(self._flights):
            self.window = min(self.window + 1, self._most)
        self._flights = left

    def expire(self, now_s: float) -> int:
        """Give up waiting for batches sent too long ago; return how many, halving the window."""
        overdue = [
            flight
            for flight in self._flights
            if flight.sent_at_s is not None and now_s - flight.sent_at_s >= self._resend_after_s
        ]
        for flight in overdue:
            flight.sent_at_s = None
        if overdue:
            self.window = max(1, self.window // 2)
        return len(overdue)

    def send_all_again(self) -> None:
        """Take everything unacknowledged as lost: the connection or ingest is a new one."""
        for flight in self._flights:
            flight.sent_at_s = None
