"""What a check found, and its words in both languages."""

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

_WORDS = Path(__file__).with_name("words.toml")


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Language(StrEnum):
    """The languages that the doctor speaks."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One answer of one check. ``word`` names its text; ``values`` stand in it."""

    check: str
    state: State
    word: str
    values: dict[str, str | int] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """Return the finding in words, and what to do."""
        return words()[self.word][language].format(**self.values)


@cache
def words() -> dict[str, dict[str, str]]:
    """Return every text by its word and language."""
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))
