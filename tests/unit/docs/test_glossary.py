"""The glossary against the words that people read in the console, on phones and in messages."""

import importlib
import inspect
import pkgutil
import re
from enum import StrEnum
from pathlib import Path

import pytest

import domain
from texts.catalogue import Locale, UnknownTextError, load_catalogues

GLOSSARY = Path(__file__).parents[3] / "docs" / "glossary.md"
CATALOGUE = load_catalogues()


def words_of(kind: type[StrEnum]) -> list[list[str]]:
    """Return Chinese, English and identifier of each member; nothing of those nobody reads."""
    try:
        return [
            [CATALOGUE.word(member, locale) for locale in (Locale.ZH_CN, Locale.EN)]
            + [member.value]
            for member in kind
        ]
    except UnknownTextError:
        return []


def enums_that_people_read() -> list[type[StrEnum]]:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(domain.__path__, "domain.")
    ]
    return [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, StrEnum) and kind.__module__ == module.__name__ and words_of(kind)
    ]


def test_there_are_many_such_words() -> None:
    names = {kind.__name__ for kind in enums_that_people_read()}

    assert {"CaseState", "PlaceState", "ProblemClass", "CameraHealth", "VerdictState"} <= names


@pytest.mark.parametrize("kind", enums_that_people_read(), ids=lambda kind: kind.__name__)
def test_the_glossary_has_each_word_as_the_pages_show_it_and_its_meaning(
    kind: type[StrEnum],
) -> None:
    section = (
        GLOSSARY.read_text("utf-8").partition(f"## `{kind.__name__}`\n")[2].partition("\n## ")[0]
    )
    rows = re.findall(r"^\| (.+) \| (.+) \| `(.+)` \| (.{2,}) \|$", section, re.MULTILINE)

    assert [list(row[:3]) for row in rows] == words_of(kind)
