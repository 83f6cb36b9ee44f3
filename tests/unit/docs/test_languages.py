"""A document in two languages has the same chapters, tables, examples and pictures in both."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def chapters(path: Path) -> list[tuple[int, str, int, int, int]]:
    """Return each chapter's level, its number or code, and how many rows, pictures, examples."""
    text = _FENCED.sub("<example>", path.read_text("utf-8"))
    _, *parts = re.split(r"^(?=#+ )", text, flags=re.MULTILINE)
    found = []
    for part in parts:
        heading = _HEADING.match(part)
        assert heading is not None
        number = re.match(r"[\d.]+", heading[2])
        name = number[0] if number else "".join(re.findall(r"`[^`]+`", heading[2]))
        rows, pictures = (
            len(re.findall(r"^\|", part, re.MULTILINE)),
            len(re.findall("!\\[|<img", part)),
        )
        found.append((len(heading[1]), name, rows, pictures, part.count("<example>")))
    return found


@pytest.mark.parametrize(
    "name", ["README", "docs/manual", "docs/panels"], ids=["README", "manual", "panels"]
)
def test_both_languages_have_the_same_chapters_tables_examples_and_pictures(name: str) -> None:
    english, chinese = chapters(ROOT / f"{name}.md"), chapters(ROOT / f"{name}.zh-CN.md")

    assert len(english) > 3
    assert chinese == english
