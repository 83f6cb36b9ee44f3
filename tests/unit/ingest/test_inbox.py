import threading

from ingest.inbox import Arrival, Inbox
from tests.fakes.ingest_samples import GATEWAY


def arrival(size: int) -> Arrival:
    return Arrival(GATEWAY, b"x" * size)


def test_what_does_not_fit_is_refused_and_what_fits_again_is_taken() -> None:
    inbox = Inbox(most_bytes=10, arrived=threading.Event())
    assert inbox.offer(arrival(6))
    assert not inbox.offer(arrival(5))
    assert inbox.offer(arrival(4))
    assert inbox.waiting_bytes == 10
    assert [len(a.payload) for a in inbox.take(most_bytes=100)] == [6, 4]
    assert inbox.waiting_bytes == 0
    assert inbox.offer(arrival(10))


def test_taking_part_of_it_leaves_the_bell_ringing_for_the_rest() -> None:
    arrived = threading.Event()
    inbox = Inbox(most_bytes=100, arrived=arrived)
    for _ in range(3):
        inbox.offer(arrival(4))
    assert arrived.is_set()
    arrived.clear()
    assert len(inbox.take(most_bytes=5)) == 2
    assert arrived.is_set()
    arrived.clear()
    assert len(inbox.take(most_bytes=5)) == 1
    assert not arrived.is_set()
    assert inbox.take(most_bytes=5) == []
