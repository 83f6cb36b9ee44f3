"""The few colours of all dashboards. Each has one meaning, the same as in the console."""

from enum import StrEnum


class Colour(StrEnum):
    """What a colour says. The values are what Grafana is given."""

    GOOD = "#2e8b57"
    """Clean, in order."""
    WATCH = "#d99a1c"
    """A limit is near."""
    PROBLEM = "#d4532f"
    """Somebody must go."""
    OVERDUE = "#9c1f3c"
    """Somebody should have gone: a time limit has passed."""
    UNKNOWN = "#8a949e"
    """Nothing trustworthy is known, or a device is silent."""
    MEASURED = "#3f78b0"
    """A measured value that is neither good nor bad by itself."""
    MEASURED_SECOND = "#7fa8cf"
    """The second of two measured values in one chart."""
