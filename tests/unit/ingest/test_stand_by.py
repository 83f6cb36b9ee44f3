import threading

import pytest

from ingest.ports.journal import JournalUnavailableError
from ingest.stand_by import StandBy


def nothing_fails() -> None:
    raise AssertionError("a try failed for a cause of its own")


class Door:
    """Something to begin that is not to be had at first."""

    def __init__(self, *, tries: int) -> None:
        self.tries = tries
        self.begun = threading.Event()

    def begin(self) -> None:
        self.tries -= 1
        if self.tries > 0:
            msg = "another worker has it"
            raise JournalUnavailableError(msg)
        self.begun.set()


def test_who_may_begin_begins_at_once() -> None:
    door = Door(tries=1)
    stand_by = StandBy(door.begin, on_failed=nothing_fails)
    stand_by.start()
    assert door.begun.is_set()
    assert stand_by.waits_for is None
    stand_by.stop()


def test_who_may_not_yet_stands_by_and_says_for_what() -> None:
    door = Door(tries=3)
    stand_by = StandBy(door.begin, on_failed=nothing_fails, try_every_s=0.05)
    stand_by.start()
    assert stand_by.waits_for == "another worker has it"
    assert door.begun.wait(5)
    stand_by.stop()
    assert stand_by.waits_for is None


def test_what_waiting_does_not_help_against_is_raised_at_the_start() -> None:
    def begin() -> None:
        raise OSError("no such folder")

    with pytest.raises(OSError, match="no such folder"):
        StandBy(begin, on_failed=nothing_fails).start()


def test_waiting_can_be_ended() -> None:
    door = Door(tries=1_000)
    stand_by = StandBy(door.begin, on_failed=nothing_fails, try_every_s=0.01)
    stand_by.start()
    stand_by.stop()
    stand_by.stop()
    assert not door.begun.is_set()


def test_a_later_failure_of_another_kind_is_counted_each_time_and_tried_again() -> None:
    tries: list[int] = []
    failed: list[None] = []
    begun = threading.Event()

    def begin() -> None:
        tries.append(len(tries))
        match len(tries):
            case 1:
                raise JournalUnavailableError("another worker has it")
            case 2 | 3:
                raise OSError("the disk")
            case _:
                begun.set()

    stand_by = StandBy(begin, on_failed=lambda: failed.append(None), try_every_s=0.01)
    stand_by.start()
    assert begun.wait(5)
    stand_by.stop()
    assert len(failed) == 2
    assert stand_by.waits_for is None
