"""What a reader has chosen, and what a forged form cannot make of it."""

import pytest

from api.console.session import Preferences, local_path, read_preferences, write_preferences
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
