"""The documentation shows the pictures that `make example-pictures` makes, and no others."""

from pathlib import Path

import pytest

from tests.pictures import FOLDER, JUDGED, MOST_BYTES, PAGES

DOCS = Path(__file__).parents[3] / "docs"
LANGUAGES = {"vision.md": "en", "manual.md": "en", "manual.zh-CN.md": "zh-CN"}


def test_the_folder_holds_what_the_command_makes() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*JUDGED, *PAGES}


@pytest.mark.parametrize("name", [*JUDGED, *PAGES])
def test_each_is_a_small_jpeg(name: str) -> None:
    jpeg = (FOLDER / name).read_bytes()

    assert jpeg.startswith(b"\xff\xd8\xff")
    assert jpeg.endswith(b"\xff\xd9")
    assert len(jpeg) < MOST_BYTES


@pytest.mark.parametrize(("document", "language"), LANGUAGES.items())
def test_each_is_shown_with_a_caption_in_the_readers_language(document: str, language: str) -> None:
    text = (DOCS / document).read_text(encoding="utf-8")

    for name in (*JUDGED, *(page for page in PAGES if f".{language}." in page)):
        (line,) = [line for line in text.splitlines() if f"(images/vision/{name})" in line]
        caption = line[line.index("![") + 2 : line.index("](")]
        assert len(caption) > 10
        assert any("\u4e00" <= sign <= "\u9fff" for sign in caption) == (language == "zh-CN")
