"""Queries of PostgreSQL: only the views of the schema ``dashboards`` (docs/dashboards-data.md)."""

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


def subdistricts(locale: Locale) -> Choice:
    """Choose subdistricts; all of them to begin with."""
    name = named("subdistrict", locale)
    text = (
        f"SELECT DISTINCT {name} AS __text, subdistrict_id AS __value\n"
        "FROM dashboards.places ORDER BY 1"
    )
    return Choice(name="subdistrict", query=SqlQuery(text=text))


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
