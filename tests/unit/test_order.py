from tests.order import longest_first


def test_each_worker_begins_with_the_longest_that_is_left_and_has_its_share_of_the_rest() -> None:
    modules = [
        (0.0, ["a1", "a2", "a3"]),
        (5.0, ["b1"]),
        (0.0, ["c1", "c2"]),
        (20.0, ["d1", "d2"]),
        (9.0, ["e1"]),
    ]
    assert longest_first(modules, workers=3) == [
        *("d1", "d2", "a1"),
        *("e1", "a2", "a3"),
        *("b1", "c1", "c2"),
    ]


def test_with_one_worker_the_long_ones_come_by_length_and_the_rest_as_it_was() -> None:
    modules = [(0.0, ["a"]), (5.0, ["b"]), (0.0, ["c"]), (20.0, ["d"])]
    assert longest_first(modules) == ["d", "b", "a", "c"]


def test_none_is_left_out_where_long_ones_are_more_than_a_share() -> None:
    modules = [(9.0, ["a1", "a2", "a3", "a4"]), (1.0, ["b"]), (0.0, ["c"])]
    assert sorted(longest_first(modules, workers=3)) == ["a1", "a2", "a3", "a4", "b", "c"]
