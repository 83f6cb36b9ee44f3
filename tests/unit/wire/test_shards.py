import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.shards import ALL_SHARDS, BadShardsError, format_shards, parse_shards


@pytest.mark.parametrize(
    ("text", "shards"),
    [
        ("0-31", ALL_SHARDS),
        ("0-7/32", tuple(range(8))),
        ("3", (3,)),
        ("16-17, 2,0", (0, 2, 16, 17)),
    ],
)
def test_shards_are_written_as_ranges(text: str, shards: tuple[int, ...]) -> None:
    assert parse_shards(text) == shards


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0-7/16", "there are 32 shards"),
        ("0-7/", "there are 32 shards"),
        ("0-32", "no range within 0-31"),
        ("7-0", "no range within 0-31"),
        ("0-7,4-9", "4-7 is named twice"),
        ("", "no range of shards"),
        ("a-b", "no range of shards"),
        ("0-7;8", "no range of shards"),
        ("-1", "no range of shards"),
        ("1-2-3", "no range of shards"),
    ],
)
def test_what_names_no_set_of_shards_is_refused_in_plain_words(text: str, why: str) -> None:
    with pytest.raises(BadShardsError, match=why):
        parse_shards(text)


@given(st.sets(st.sampled_from(ALL_SHARDS), min_size=1))
def test_what_is_formatted_is_read_back(shards: set[int]) -> None:
    ascending = tuple(sorted(shards))
    assert parse_shards(format_shards(ascending)) == ascending
