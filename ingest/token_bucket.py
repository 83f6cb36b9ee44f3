"""A token bucket that counts in time: what is taken costs time, and time that passes pays it."""


class TokenBucket:
    """A credit of whole microseconds, full at first. Exact: no rounding, whatever the order.

    Time may run either way: what counts is how far apart two takings lie, so that the same
    records pass in whatever order they come.

    A taking costs ``cost_us``. Never more than ``capacity_us`` is saved up, so after a long rest
    ``capacity_us // cost_us`` takings pass at once. Both may be changed between two takings.
    """

    __slots__ = ("_at_us", "_spent_us", "capacity_us", "cost_us")

    def __init__(self, cost_us: int = 0, capacity_us: int = 0) -> None:
        self.cost_us = cost_us
        self.capacity_us = capacity_us
        self._at_us = 0
        self._spent_us = 0

    def take(self, at_us: int) -> bool:
        """Take once at the time ``at_us``; False, and nothing taken, when it is not there."""
        spent_us = self._spent_us
        if spent_us:
            passed_us = at_us - self._at_us
            spent_us -= passed_us if passed_us > 0 else -passed_us
            if spent_us < 0:  # noqa: PLR1730  max() takes twice as long, once a record
                spent_us = 0
        self._at_us = at_us
        if spent_us + self.cost_us > self.capacity_us:
            self._spent_us = spent_us
            return False
        self._spent_us = spent_us + self.cost_us
        return True
