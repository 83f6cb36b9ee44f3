from hypothesis import given
from hypothesis import strategies as st

from ingest.uplink_progress import UplinkProgress

SEQUENCES = st.integers(min_value=1, max_value=60)


def committed(progress: UplinkProgress) -> set[int]:
    gaps = {s for first, last in progress.missing for s in range(first, last + 1)}
    return set(range(1, progress.through + 1)) - gaps


@given(st.lists(SEQUENCES, max_size=80))
def test_progress_is_the_set_of_what_was_noted_in_any_order(sequences: list[int]) -> None:
    progress = UplinkProgress()
    for sequence in sequences:
        progress.note(sequence)
    assert committed(progress) == set(sequences)
    assert {s for s in range(1, 70) if progress.knows(s)} == set(sequences)
    rising = [bound for gap in progress.missing for bound in gap]
    assert rising == sorted(rising)
    assert all(first <= last <= progress.through for first, last in progress.missing)


@given(st.lists(SEQUENCES, max_size=40), SEQUENCES)
def test_what_lies_below_the_oldest_held_is_never_missing(
    sequences: list[int], oldest: int
) -> None:
    progress = UplinkProgress()
    for sequence in sequences:
        progress.note(sequence)
    progress.forget_below(oldest)
    assert committed(progress) == set(sequences) | set(range(1, oldest))


@given(st.lists(SEQUENCES, max_size=40), st.integers(min_value=1, max_value=4))
def test_a_short_ack_never_acknowledges_what_is_missing(
    sequences: list[int], most_ranges: int
) -> None:
    progress = UplinkProgress()
    for sequence in sequences:
        progress.note(sequence)
    through, missing = progress.acknowledged(most_ranges)
    assert len(missing) <= most_ranges
    acknowledged = committed(UplinkProgress(through, missing))
    assert acknowledged <= set(sequences)
    if progress.gaps <= most_ranges:
        assert acknowledged == set(sequences)


def test_a_leap_over_the_whole_range_is_one_gap() -> None:
    progress = UplinkProgress()
    progress.note(2**62)
    progress.note(1)
    assert progress.missing == ((2, 2**62 - 1),)


def test_what_a_gateway_gives_up_is_lost_and_counted_once() -> None:
    progress = UplinkProgress()
    assert progress.forget_below(100) == 0  # the first word of it: nothing is known to be lost
    assert not progress.note(100)
    assert progress.note(105)
    assert progress.forget_below(103) == 2
    assert progress.forget_below(103) == 0
    assert progress.forget_below(110) == 2 + 4
    assert progress.through == 109
    assert progress.missing == ()
