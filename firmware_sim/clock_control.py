"""The business clock as the control page turns it."""

from typing import Protocol


class ClockControl(Protocol):
    """Changes how fast the business clock runs, for every process of the run."""

    @property
    def speed(self) -> float:
        """How many business seconds pass in a real second now; 0 while paused."""
        ...

    def set_speed(self, speed: float) -> None:
        """Go on from now at another speed; 0 pauses."""
        ...
