"""An address never gets more posts a minute than it takes, and the first ones wait for nobody."""

from hypothesis import given
from hypothesis import strategies as st

from alerts.message_budget import MOST_TOGETHER, WINDOW_S, MessageBudget

ADDRESS = "https://robot.example/1"
looks = st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=120)


class Seconds:
    """A technical clock that a test sets."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@given(st.integers(1, 40), looks)
def test_in_no_minute_more_than_allowed_go_out_whatever_is_urgent(
    per_minute: int, asked: list[tuple[float, bool]]
) -> None:
    clock, posted = Seconds(), []
    budget = MessageBudget(per_minute, clock)
    for pause_s, urgent in asked:
        clock.now_s += pause_s
        if budget.take(ADDRESS, urgent=urgent):
            posted.append(clock.now_s)
    for begin_s in posted:
        assert sum(begin_s <= at_s < begin_s + WINDOW_S for at_s in posted) <= per_minute


@given(st.integers(1, 40))
def test_who_waits_long_enough_always_gets_through(per_minute: int) -> None:
    clock = Seconds()
    budget = MessageBudget(per_minute, clock)
    while budget.take(ADDRESS, urgent=True):
        pass
    clock.now_s += WINDOW_S
    assert budget.take(ADDRESS)


def test_the_first_go_at_once_one_by_one_and_the_rest_gathered_and_apart() -> None:
    clock = Seconds()
    budget = MessageBudget(20, clock)
    assert [budget.take(ADDRESS) for _ in range(13)] == [1] * 12 + [0]
    clock.now_s += WINDOW_S / 8
    assert budget.take(ADDRESS) == MOST_TOGETHER
    assert budget.take(ADDRESS) == 0


def test_what_is_urgent_does_not_wait_while_anything_is_left() -> None:
    budget = MessageBudget(20, Seconds())
    for _ in range(12):
        budget.take(ADDRESS)
    assert [budget.take(ADDRESS, urgent=True) for _ in range(9)] == [MOST_TOGETHER] * 8 + [0]


def test_more_than_may_go_one_by_one_are_gathered_from_the_beginning() -> None:
    budget = MessageBudget(20, Seconds())
    assert budget.take(ADDRESS, waiting=12) == 1
    assert budget.take(ADDRESS, waiting=12) == MOST_TOGETHER


def test_each_address_has_its_own() -> None:
    budget = MessageBudget(1, Seconds())
    assert budget.take(ADDRESS, urgent=True)
    assert not budget.take(ADDRESS, urgent=True)
    assert budget.take("https://robot.example/2")


def test_without_a_bound_everything_goes_one_by_one() -> None:
    budget = MessageBudget(0, Seconds())
    assert {budget.take(ADDRESS) for _ in range(500)} == {1}
