"""What is served comes from here: no foreign host, nothing unescaped."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from api.console.frame import STYLES
from api.console.markup import json_for_script, render
from api.console.palette import Mark
from api.console.view_models.cases import case_card
from api.console.view_models.district import district_view
from tests.fakes.console_samples import CASE, NOW, REGISTRY, situation, words

CONSOLE = Path(str(files("api.console")))
SERVED = [path for path in CONSOLE.rglob("*") if path.suffix in {".css", ".js", ".html", ".svg"}]
_NAMESPACE = "http://www.w3.org/2000/svg"


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.name)
def test_no_served_file_names_a_foreign_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(_NAMESPACE, "")
    assert re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text) == []


def test_all_kinds_of_files_were_looked_at() -> None:
    assert {path.suffix for path in SERVED} == {".css", ".js", ".html", ".svg"}


def test_every_style_sheet_is_linked_and_the_common_one_comes_first() -> None:
    assert set(STYLES) == {path.name for path in CONSOLE.rglob("*.css")}
    assert STYLES[0] == "console.css"


def test_what_people_typed_is_escaped() -> None:
    card = case_card(CASE, now=NOW, registry=REGISTRY, words=words())
    evil = type(card)(
        **{name: getattr(card, name) for name in card.__slots__ if name != "place"},
        place="<script>alert(1)</script>",
    )
    html = render("case_card", card=evil, with_state=True)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_settings_cannot_leave_their_script_element() -> None:
    assert "</script>" not in json_for_script({"word": "</script><b>"})


def test_a_row_tells_its_state_in_words_and_leads_to_place_and_case() -> None:
    (row,) = (r for r in district_view(situation(cases=(CASE,)), words()).attention if r.case_href)
    html = render("attention_row", row=row)
    assert "有问题" in html
    assert 'href="/place/place-1"' in html
    assert 'href="/cases/case-1"' in html
    assert f'data-due="{row.timing.due_ms}"' in html
    assert row.mark is Mark.PROBLEM
