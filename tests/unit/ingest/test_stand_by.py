import threading

import pytest

from ingest.ports.journal import JournalUnavailableError
from ingest.stand_by import StandBy


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
    stand_by = StandBy(door.begin)
    stand_by.start()
    assert door.begun.is_set()
    assert stand_by.waits_for is None
    stand_by.stop()


def test_who_may_not_yet_stands_by_and_says_for_what() -> None:
    door = Door(tries=3)
    stand_by = StandBy(door.begin, try_every_s=0.05)
    stand_by.start()
    assert stand_by.waits_for == "another worker has it"
    assert door.begun.wait(5)
    stand_by.stop()
    assert stand_by.waits_for is None


def test_what_waiting_does_not_help_against_is_raised_at_the_start() -> None:
    def begin() -> None:
        raise OSError("no such folder")

    with pytest.raises(OSError, match="no such folder"):
        StandBy(begin).start()


def test_waiting_can_be_ended() -> None:
    door = Door(tries=1_000)
    stand_by = StandBy(door.begin, try_every_s=0.01)
    stand_by.start()
    stand_by.stop()
    stand_by.stop()
    assert not door.begun.is_set()
