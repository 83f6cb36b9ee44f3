import pytest

from gateway.flow import MOST_IN_THE_AIR, FlowControl


def flow_with(batches: int, *, at_s: float = 0.0) -> FlowControl:
    flow = FlowControl()
    for n in range(batches):
        flow.sent(10 * n + 1, 10 * n + 10, at_s)
    return flow


def test_at_most_32_batches_are_in_the_air() -> None:
    assert flow_with(31).has_room
    flow = flow_with(32)
    assert not flow.has_room
    assert flow.newest_sent == 320


def test_an_ack_frees_whole_batches_only() -> None:
    flow = flow_with(3)
    flow.acknowledged(25, (), 1)
    assert flow.in_the_air == 1
    flow.acknowledged(30, (), 1)
    assert flow.in_the_air == 0


def test_a_time_out_halves_the_window_down_to_one_and_acks_widen_it_by_one() -> None:
    flow = flow_with(1)
    widths = []
    for n in range(1, 8):
        flow.expire(10.0 * n)
        widths.append(flow.window)
        again = flow.to_send_again()
        assert again is not None
        flow.sent_again(again, 10.0 * n)
    assert widths == [16, 8, 4, 2, 1, 1, 1]
    flow.acknowledged(10, (), 80)
    assert flow.window == 2
    flow.acknowledged(10, (), 80)
    assert flow.window == 2


def test_the_window_never_grows_beyond_its_most() -> None:
    flow = flow_with(1)
    flow.acknowledged(10, (), 0)
    assert flow.window == MOST_IN_THE_AIR


def test_nothing_expires_before_its_time() -> None:
    flow = flow_with(2)
    assert flow.expire(9.99) == 0
    assert flow.expire(10.0) == 2
    assert flow.in_the_air == 0


def test_overdue_batches_go_again_oldest_first_within_the_smaller_window() -> None:
    flow = flow_with(32)
    flow.expire(10)
    firsts = []
    while flow.has_room:
        again = flow.to_send_again()
        assert again is not None
        flow.sent_again(again, 10)
        firsts.append(again.first)
    assert firsts == [10 * n + 1 for n in range(16)]


def test_what_ingest_misses_goes_again_unless_it_was_just_sent() -> None:
    flow = flow_with(3)
    flow.acknowledged(30, [(11, 12)], 0.5)
    assert flow.to_send_again() is None
    flow.acknowledged(30, [(11, 12)], 1.0)
    again = flow.to_send_again()
    assert again is not None
    assert (again.first, again.last) == (11, 20)


@pytest.mark.parametrize("missing", [[(1, 1)], [(10, 10)], [(5, 40)]])
def test_a_batch_with_any_part_missing_stays(missing: list[tuple[int, int]]) -> None:
    flow = flow_with(1)
    flow.acknowledged(40, missing, 5)
    assert flow.to_send_again() is not None


def test_after_a_reconnect_everything_unacknowledged_goes_again_at_an_unchanged_window() -> None:
    flow = flow_with(3)
    flow.send_all_again()
    assert (flow.in_the_air, flow.window) == (0, MOST_IN_THE_AIR)
    assert flow.to_send_again() is not None


def test_a_batch_of_which_nothing_is_left_is_forgotten() -> None:
    flow = flow_with(1)
    flow.send_all_again()
    again = flow.to_send_again()
    assert again is not None
    flow.forget(again)
    assert flow.to_send_again() is None
