"""Queries of PostgreSQL: only the views of the schema ``dashboards`` (docs/dashboards-data.md)."""

from collections.abc import Mapping

from dashboards.definition import Choice, SqlQuery
from texts.catalogue import Locale

IN_SUBDISTRICT = "subdistrict_id IN (${subdistrict:sqlstring})"
"""The filter that follows the choice of subdistricts."""

AT_PLACE = "place_id = ${place:sqlstring}"
"""The filter that follows the choice of one place."""


def named(what: str, locale: Locale, *, prefix: str = "") -> str:
    """The name of a place, subdistrict, unit or crew in a language, as an expression."""
    zh, en = f"{prefix}{what}_zh", f"{prefix}{what}_en"
    return zh if locale is Locale.ZH_CN else f"coalesce({en}, {zh})"


def district(locale: Locale) -> Choice:
    """Choose the district. A registry has one: it is not shown, but the others follow it."""
    text = (
        f"SELECT DISTINCT {named('district', locale)} AS __text, district_zh AS __value\n"
        "FROM dashboards.places ORDER BY 1"
    )
    query = SqlQuery(text=text)
    return Choice(name="district", query=query, several=False, everything=False, hidden=True)


def subdistricts(locale: Locale) -> Choice:
    """Choose subdistricts of the district; all of them to begin with."""
    name = named("subdistrict", locale)
    text = (
        f"SELECT DISTINCT {name} AS __text, subdistrict_id AS __value\n"
        "FROM dashboards.places WHERE district_zh = ${district:sqlstring} ORDER BY 1"
    )
    return Choice(name="subdistrict", query=SqlQuery(text=text))


def areas(locale: Locale) -> tuple[Choice, ...]:
    """Choose the district, then subdistricts in it."""
    return district(locale), subdistricts(locale)


def one_place(locale: Locale) -> Choice:
    """Choose one place of the subdistricts chosen before."""
    text = (
        f"SELECT {named('name', locale)} AS __text, place_id AS __value\n"
        f"FROM dashboards.places WHERE {IN_SUBDISTRICT} ORDER BY 1"
    )
    return Choice(name="place", query=SqlQuery(text=text), several=False, everything=False)


def count(view: str, name: str, where: str) -> SqlQuery:
    """How many rows of a view there are: one number called ``name``."""
    text = f"SELECT count(*) AS {name} FROM dashboards.{view}\nWHERE {where}"  # noqa: S608  of our own words
    return SqlQuery(text=text)


def worded(column: str, words: Mapping[str, str]) -> str:
    """A code in words, as an expression; for texts of marks, which no panel translates."""
    cases = " ".join(f"WHEN {_literal(code)} THEN {_literal(word)}" for code, word in words.items())
    return f"CASE {column} {cases} ELSE {column} END"


def case_marks(word: str, problems: Mapping[str, str]) -> SqlQuery:
    """The cases filed at the chosen place as marks: a time, and ``word``, number and problem."""
    problem = worded("problem_class", problems)
    text = (
        f"SELECT filed_at AS time, {_literal(word)} || ' ' || number || ' ' || {problem} AS text\n"
        f"FROM dashboards.cases WHERE {AT_PLACE} AND $__timeFilter(filed_at) ORDER BY 1"
    )
    return SqlQuery(text=text)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
