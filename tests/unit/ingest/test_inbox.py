import threading
from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from ingest.inbox import Arrival, Inbox
from tests.fakes.ingest_samples import GATEWAY, OTHER_GATEWAY


def arrival(size: int, gateway_id: str = GATEWAY) -> Arrival:
    return Arrival(gateway_id, b"x" * size)


def test_what_does_not_fit_is_refused_and_what_fits_again_is_taken() -> None:
    inbox = Inbox(most_bytes=10, arrived=threading.Event())
    assert inbox.offer(arrival(6)) == 0
    assert inbox.offer(arrival(5)) == 1
    assert inbox.offer(arrival(4)) == 0
    assert inbox.waiting_bytes == 10
    assert [len(a.payload) for a in inbox.take(most_bytes=100)] == [6, 4]
    assert inbox.waiting_bytes == 0
    assert inbox.offer(arrival(10)) == 0


def test_taking_part_of_it_leaves_the_bell_ringing_for_the_rest() -> None:
    arrived = threading.Event()
    inbox = Inbox(most_bytes=100, arrived=arrived, turn_bytes=4)
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


def test_who_sends_little_is_in_the_next_round_whatever_others_have_sent() -> None:
    inbox = Inbox(most_bytes=10_000, arrived=threading.Event(), turn_bytes=20)
    for _ in range(50):
        inbox.offer(arrival(100))
    inbox.offer(arrival(10, OTHER_GATEWAY))
    assert OTHER_GATEWAY in [each.gateway_id for each in inbox.take(most_bytes=200)]


def test_without_room_the_longest_line_gives_way_to_the_others() -> None:
    inbox = Inbox(most_bytes=100, arrived=threading.Event())
    for _ in range(10):
        assert inbox.offer(arrival(10)) == 0
    assert inbox.offer(arrival(10)) == 1
    assert inbox.offer(arrival(15, OTHER_GATEWAY)) == 2
    taken = Counter(each.gateway_id for each in inbox.take(most_bytes=1_000))
    assert taken == {GATEWAY: 8, OTHER_GATEWAY: 1}


def test_a_message_larger_than_the_inbox_is_refused() -> None:
    inbox = Inbox(most_bytes=10, arrived=threading.Event())
    assert inbox.offer(arrival(11)) == 1
    assert inbox.waiting_bytes == 0


offers = st.tuples(st.sampled_from("abc"), st.integers(0, 60))


@given(st.lists(offers | st.integers(1, 80)))
def test_each_line_keeps_its_order_and_nothing_is_lost_uncounted(
    acts: list[tuple[str, int] | int],
) -> None:
    inbox = Inbox(most_bytes=150, arrived=threading.Event(), turn_bytes=16)
    offered: dict[str, list[Arrival]] = defaultdict(list)
    taken: dict[str, list[Arrival]] = defaultdict(list)
    dropped = 0
    for act in [*acts, 10_000]:
        if isinstance(act, int):
            for each in inbox.take(most_bytes=act):
                taken[each.gateway_id].append(each)
        else:
            gateway_id, size = act
            each = arrival(size, gateway_id)
            offered[gateway_id].append(each)
            dropped += inbox.offer(each)
            assert inbox.waiting_bytes <= 150
    assert inbox.waiting_bytes == 0
    assert dropped == sum(map(len, offered.values())) - sum(map(len, taken.values()))
    for gateway_id, some in taken.items():
        places = [[id(each) for each in offered[gateway_id]].index(id(each)) for each in some]
        assert places == sorted(places)
