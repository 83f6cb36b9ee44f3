from pathlib import Path

import pytest

from dashboards.panel_guide import pages

PAGES = pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_of_the_manual_says_what_the_panels_say(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path], "write it again: make dashboards"
