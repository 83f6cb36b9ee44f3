"""What a definition says in one language."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from dashboards.definition import Dashboard, Meaning
from dashboards.palette import Colour
from texts.catalogue import Catalogue, Locale


class Wording:
    """The catalogue in one language, as definitions and the JSON writer ask for it."""

    def __init__(self, catalogue: Catalogue, locale: Locale) -> None:
        self._catalogue = catalogue
        self.locale = locale

    def text(self, key: str) -> str:
        """Return the text ``dashboards.{key}``; raise ``UnknownTextError`` where there is none."""
        return self._catalogue.text(f"dashboards.{key}", self.locale)

    def word(self, member: StrEnum) -> str:
        """Return what people call a member of the domain's words."""
        return self._catalogue.word(member, self.locale)

    def meanings(
        self, members: type[StrEnum], colours: Mapping[str, Colour] | None = None
    ) -> tuple[Meaning, ...]:
        """Return all members of an enumeration by name, with the colours given."""
        colours = colours or {}
        return tuple(
            Meaning(value=member.value, text=self.word(member), colour=colours.get(member))
            for member in members
        )

    def name(self, zh: str = "name", en: str = "name_en") -> str:
        """Return the column that holds a name in this language."""
        return zh if self.locale is Locale.ZH_CN else en

    def uid(self, dashboard_key: str) -> str:
        """Return the fixed uid of a dashboard in this language."""
        return uid_of(dashboard_key, self.locale)

    def address(self, dashboard_key: str) -> str:
        """Return the address of a dashboard within Grafana, variables and time to be added."""
        return f"/d/{self.uid(dashboard_key)}"


DefinedIn = Callable[[Wording], Dashboard]
"""A definition: the same dashboard in the language asked for."""


def uid_of(dashboard_key: str, locale: Locale) -> str:
    """Return the fixed uid of a dashboard, for example ``huanwei-place-zh-cn``."""
    return f"huanwei-{dashboard_key}-{locale.language_tag.lower()}"


def folder_uid(locale: Locale) -> str:
    """Return the fixed uid of the folder that holds a language's dashboards."""
    return f"huanwei-{locale.language_tag.lower()}"
