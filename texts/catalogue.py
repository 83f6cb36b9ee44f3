"""Message catalogues: every text that people read, by key and language.

A catalogue file is a gettext PO file whose ``msgid`` is a key (``case_state.closed``) and whose
``msgstr`` is a ``str.format`` pattern. The files are read as they are; nothing is compiled.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files

from babel.messages.pofile import read_po


class Locale(StrEnum):
    """The languages people can read Huanwei in; the first is the default."""

    ZH_CN = "zh_CN"
    EN = "en"

    @property
    def language_tag(self) -> str:
        """The name by BCP 47, as HTML and HTTP want it."""
        return self.value.replace("_", "-")


class UnknownTextError(KeyError):
    """No such key in that language's catalogue: the code or the catalogue has a slip."""

    def __init__(self, key: str, locale: Locale) -> None:
        super().__init__(f"{key} ({locale})")
        self.key = key
        self.locale = locale


class BrokenCatalogueError(Exception):
    """A catalogue file holds an empty text, or a key that stands in another file already."""


class Catalogue:
    """All texts of all languages. Immutable; safe to share between threads."""

    def __init__(self, texts: Mapping[Locale, Mapping[str, str]]) -> None:
        self._texts = {locale: dict(entries) for locale, entries in texts.items()}

    def text(self, key: str, locale: Locale, **values: object) -> str:
        """Return the text of ``key`` with ``values`` put in.

        Raises :class:`UnknownTextError` for an unknown key, KeyError for a value not given.
        """
        pattern = self._texts[locale].get(key)
        if pattern is None:
            raise UnknownTextError(key, locale)
        return pattern.format(**values) if values or "{" in pattern else pattern

    def word(self, member: StrEnum, locale: Locale) -> str:
        """Return what people call an enum member (``CaseState.CLOSED`` → ``case_state.closed``)."""
        return self.text(key_of(member), locale)

    def text_or(self, key: str, locale: Locale, otherwise: str) -> str:
        """Return the text of ``key``, or ``otherwise`` where the key is unknown.

        For codes that come from outside (a device's reason code), never for keys in our code.
        """
        return self._texts[locale].get(key, otherwise)

    def keys(self, locale: Locale) -> frozenset[str]:
        """Return all keys of a language."""
        return frozenset(self._texts[locale])

    def pattern(self, key: str, locale: Locale) -> str:
        """Return a text as it stands in the catalogue, placeholders included."""
        pattern = self._texts[locale].get(key)
        if pattern is None:
            raise UnknownTextError(key, locale)
        return pattern


_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def key_of(member: StrEnum) -> str:
    """Return the catalogue key of an enum member: the class in snake case, a dot, the value."""
    return f"{_CAPITAL.sub('_', type(member).__name__).lower()}.{member.value}"


def load_catalogues() -> Catalogue:
    """Read every ``catalogues/{locale}/{section}.po``; raise :class:`BrokenCatalogueError`."""
    return Catalogue({locale: _read_locale(locale) for locale in Locale})


def _read_locale(locale: Locale) -> dict[str, str]:
    texts: dict[str, str] = {}
    folder = files("texts") / "catalogues" / locale.value
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".po"):
            continue
        with file.open("rb") as stream:
            catalogue = read_po(stream, locale=locale.value, abort_invalid=True)
        for message in catalogue:
            if not message.id:
                continue
            key, text = str(message.id), str(message.string)
            if not text or key in texts:
                reason = "stands in two files" if text else "has no text"
                msg = f"{locale}/{file.name}: {key} {reason}"
                raise BrokenCatalogueError(msg)
            texts[key] = text
    return texts
