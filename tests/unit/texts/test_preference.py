"""Which language a reader gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from texts.catalogue import Locale
from texts.preference import locale_named, preferred_locale


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, Locale.ZH_CN),
        ("", Locale.ZH_CN),
        ("en", Locale.EN),
        ("en-GB,en;q=0.9", Locale.EN),
        ("de,en;q=0.5", Locale.EN),
        ("zh-CN,zh;q=0.9,en;q=0.8", Locale.ZH_CN),
        ("en;q=0.3, zh-TW;q=0.7", Locale.ZH_CN),
        ("en;q=nan", Locale.ZH_CN),
        ("en;q=0", Locale.ZH_CN),
        ("en;q=9", Locale.ZH_CN),
        ("fr", Locale.ZH_CN),
        ("en," * 500, Locale.ZH_CN),
    ],
)
def test_the_header_decides_and_chinese_is_the_default(header: str | None, locale: Locale) -> None:
    assert preferred_locale(header) is locale


@given(st.text())
def test_no_header_can_break_the_choice(header: str) -> None:
    assert preferred_locale(header) in Locale


def test_a_parameter_names_a_language_in_any_common_spelling() -> None:
    assert locale_named("zh_CN") is locale_named("zh") is locale_named("ZH-cn") is Locale.ZH_CN
    assert locale_named("en-US") is Locale.EN
    assert locale_named("../etc") is None
