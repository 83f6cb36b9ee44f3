"""What a reader has chosen, and what a forged form cannot make of it."""

import pytest

from api.console.session import (
    LONGEST_WAY_BACK,
    Preferences,
    local_path,
    read_preferences,
    way_back,
    write_preferences,
)
from domain.cases import Actor
from texts.catalogue import Locale


def test_choices_are_kept_in_the_session() -> None:
    session: dict[str, object] = {}
    write_preferences(session, role="inspector", language="en")
    chosen = Preferences(role=Actor.INSPECTOR, locale=Locale.EN)
    assert read_preferences(session) == chosen


@pytest.mark.parametrize("role", ["crew", "rule", "machine_verification", "nonsense", None])
def test_nobody_can_choose_the_role_of_a_crew_or_a_machine(role: str | None) -> None:
    session: dict[str, object] = {}
    write_preferences(session, role=role, language="xx")
    assert session == {}
    assert read_preferences({"huanwei_role": role}) == Preferences()


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil", "", "x", "/a\r\nSet-Cookie: b"]
)
def test_the_way_back_never_leaves_this_host(path: str) -> None:
    assert local_path(path) == "/"


def test_the_way_back_leads_to_the_page_one_came_from() -> None:
    assert local_path("/place/place-1") == "/place/place-1"


def test_what_a_page_was_asked_for_is_kept_on_the_way_back_unless_it_is_too_long() -> None:
    assert way_back("/assessment", "period=last_week&by=unit") == (
        "/assessment?period=last_week&by=unit"
    )
    assert way_back("/cases", "") == "/cases"
    assert way_back("/cases", "x" * LONGEST_WAY_BACK) == "/cases"
    assert local_path(way_back("/devices", "only=attention")) == "/devices?only=attention"
