"""The catalogues are complete, alike in both languages, and cover every word of the domain."""

import importlib
import pkgutil
import string
from enum import StrEnum

import pytest

import domain
import domain.ports
from domain.cases import CaseState
from texts.catalogue import Catalogue, Locale, UnknownTextError, key_of, load_catalogues

CATALOGUE = load_catalogues()


def domain_enums() -> list[type[StrEnum]]:
    found: set[type[StrEnum]] = set()
    for package in (domain, domain.ports):
        for module_info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(module_info.name)
            found |= {
                value
                for value in vars(module).values()
                if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
            }
    return sorted(found, key=lambda enum: enum.__name__)


def placeholders(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}


def test_both_languages_have_the_same_keys() -> None:
    assert CATALOGUE.keys(Locale.ZH_CN) == CATALOGUE.keys(Locale.EN)


def test_both_languages_use_the_same_placeholders() -> None:
    different = [
        key
        for key in CATALOGUE.keys(Locale.ZH_CN) & CATALOGUE.keys(Locale.EN)
        if placeholders(CATALOGUE.pattern(key, Locale.ZH_CN))
        != placeholders(CATALOGUE.pattern(key, Locale.EN))
    ]
    assert different == []


def test_no_placeholder_can_reach_into_a_value() -> None:
    odd = {
        name
        for locale in Locale
        for key in CATALOGUE.keys(locale)
        for name in placeholders(CATALOGUE.pattern(key, locale))
        if name and not name.isidentifier()
    }
    assert odd == set()


@pytest.mark.parametrize("enum", domain_enums(), ids=lambda enum: enum.__name__)
@pytest.mark.parametrize("locale", Locale)
def test_every_member_of_a_domain_enum_has_a_word(enum: type[StrEnum], locale: Locale) -> None:
    known = CATALOGUE.keys(locale)
    assert [key_of(member) for member in enum if key_of(member) not in known] == []


def test_the_domain_enums_are_found_at_all() -> None:
    assert CaseState in domain_enums()
    assert len(domain_enums()) > 15


def test_a_word_is_looked_up_by_its_enum_member() -> None:
    assert CATALOGUE.word(CaseState.CLOSED, Locale.ZH_CN) == "核查结案"
    assert CATALOGUE.word(CaseState.AWAITING_VERIFICATION, Locale.EN) == "Awaiting verification"


def test_an_unknown_key_is_an_error_not_an_empty_text() -> None:
    with pytest.raises(UnknownTextError, match="no_such_key"):
        CATALOGUE.text("no_such_key", Locale.EN)


def test_values_with_braces_are_put_in_as_they_are() -> None:
    catalogue = Catalogue({Locale.EN: {"greeting": "At {place}: {note}"}})
    text = catalogue.text("greeting", Locale.EN, place="{0.__class__}", note="{place}")
    assert text == "At {0.__class__}: {place}"


def test_a_value_that_is_not_given_is_an_error() -> None:
    catalogue = Catalogue({Locale.EN: {"greeting": "At {place}"}})
    with pytest.raises(KeyError):
        catalogue.text("greeting", Locale.EN)


def test_a_code_from_outside_falls_back_to_itself() -> None:
    assert CATALOGUE.text_or("reason.never-heard-of", Locale.EN, "never-heard-of") == (
        "never-heard-of"
    )
