"""A business clock that moves when a test says so."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
"""06:30 in Shanghai on Tuesday, 3 March 2026."""


class ManualClock:
    """Fulfils ``domain.ports.clock.Clock``; business and technical time move together."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        return self._now

    def technical_s(self, business_s: float) -> float:
        return business_s

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, **interval: float) -> None:
        """Move forward by ``timedelta(**interval)``."""
        step = timedelta(**interval)
        self._now += step
        self._monotonic_s += step.total_seconds()

    def step(self, **interval: float) -> None:
        """Set business time forward or back by ``timedelta(**interval)``; no time passes."""
        self._now += timedelta(**interval)
