"""A clock control that only remembers how it was turned."""


class TurnableClock:
    """Fulfils ``firmware_sim.clock_control.ClockControl``."""

    def __init__(self, speed: float = 60.0) -> None:
        self._speed = speed

    @property
    def speed(self) -> float:
        return self._speed

    def set_speed(self, speed: float) -> None:
        self._speed = speed
