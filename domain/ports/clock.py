"""The two clocks: the business clock gives times, the technical clock measures waits."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The business clock, and how long its times are away on the technical clock."""

    def now(self) -> datetime:
        """Return the business time, aware, in UTC. It never goes back."""
        ...

    def technical_s(self, business_s: float) -> float:
        """Return how many seconds of the technical clock ``business_s`` seconds take now."""
        ...

    def monotonic_s(self) -> float:
        """Return the technical clock, in seconds."""
        ...
