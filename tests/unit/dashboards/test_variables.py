"""The interpreter of Grafana's variables and macros says what Grafana's documentation says."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.interpretation import Chosen, NotUnderstoodError, View, flux_text, sql_text

SINCE = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
SEVERAL = Chosen(values=["a", "b.c"], several=True)


def view(**chosen: Chosen) -> View:
    return View(since=SINCE, until=SINCE + timedelta(hours=24), chosen=chosen)


def test_the_range_and_the_window_come_from_the_view() -> None:
    assert flux_text("v.timeRangeStart v.timeRangeStop v.windowPeriod", view()) == (
        "2026-03-01T00:00:00.000000Z 2026-03-02T00:00:00.000000Z 108s"
    )


@pytest.mark.parametrize(
    ("how", "expected"),
    [(":regex", r"(a|b\.c)"), (":sqlstring", "'a','b.c'"), (":singlequote", "'a','b.c'")],
)
def test_several_values_are_formatted(how: str, expected: str) -> None:
    assert sql_text("${place" + how + "}", view(place=SEVERAL)) == expected


def test_one_value_among_several_needs_no_brackets() -> None:
    one = Chosen(values=["a-1"], several=True)
    assert flux_text("/^${place:regex}$/", view(place=one)) == "/^a-1$/"


def test_quotes_in_values_do_not_end_a_sql_string() -> None:
    assert sql_text("${x:sqlstring}", view(x=Chosen(values=["o'b"]))) == "'o''b'"


def test_a_value_of_its_own_for_all_is_never_formatted() -> None:
    everything = Chosen(values=["a", "b"], several=True, all_matches=".*")
    assert flux_text("/^${place:regex}$/", view(place=everything)) == "/^.*$/"


def test_time_macros_are_replaced() -> None:
    since, until = "'2026-03-01T00:00:00.000000Z'", "'2026-03-02T00:00:00.000000Z'"
    assert sql_text("$__timeFilter(at)", view()) == f"at BETWEEN {since} AND {until}"
    assert sql_text("$__timeFrom() $__timeTo()", view()) == f"{since} {until}"
    assert sql_text("$__timeGroupAlias(at, '1h')", view()) == (
        'floor(extract(epoch from at)/3600)*3600 AS "time"'
    )


@pytest.mark.parametrize("text", ["$__unixEpochFilter(at)", "${nobody}", "$nobody", "${a:csv}"])
def test_what_is_not_known_fails(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        sql_text(text, view(a=Chosen(values=["1"])))


def test_several_values_without_a_format_fail() -> None:
    with pytest.raises(NotUnderstoodError):
        flux_text('"${place}"', view(place=SEVERAL))


@pytest.mark.parametrize("text", ["r.bucket", "r.organization", "v.bucket"])
def test_names_that_grafana_would_replace_by_mistake_fail(text: str) -> None:
    with pytest.raises(NotUnderstoodError):
        flux_text(text, view())
