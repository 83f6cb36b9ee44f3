import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboards.comparison import differences

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)
models = st.dictionaries(st.text(min_size=1, max_size=4), values, max_size=4)


@given(models, st.integers(), st.integers())
def test_what_comes_back_as_json_with_a_number_and_a_version_is_equal(
    model: dict[str, Any], number: int, version: int
) -> None:
    back = json.loads(json.dumps(model)) | {"id": number, "version": version}

    assert differences(model, back) == []


@given(models, models)
def test_it_finds_a_difference_where_there_is_one_and_in_both_directions(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert differences(one, other) == differences(other, one)
    if one != other:
        assert differences(one, other)


def test_differences_are_named_by_their_path() -> None:
    wanted = {"title": "a", "panels": [{"id": 1, "on": True}, {"id": 2}], "tags": ["x"]}
    found = {"title": "b", "panels": [{"id": 1, "on": 1}, {"id": 3}], "tags": [], "uid": "u"}

    assert differences(wanted, found) == ["panels/0/on", "panels/1/id", "tags", "title", "uid"]


def test_a_number_and_a_version_below_the_top_are_not_grafanas() -> None:
    assert differences({"panels": [{"id": 1}]}, {"panels": [{}]}) == ["panels/0/id"]
