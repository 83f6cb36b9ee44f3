"""The texts of one reader: a catalogue and a language, so that view models need no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.places import Name
from texts.catalogue import Catalogue, Locale
from texts.formatting import (
    format_clock,
    format_date,
    format_duration,
    format_share,
    format_time,
    name_in,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Everything a reader reads goes through here."""

    catalogue: Catalogue
    locale: Locale

    def say(self, key: str, **values: object) -> str:
        """Return a text of the console (``console.`` is put before the key)."""
        return self.catalogue.text(f"console.{key}", self.locale, **values)

    def word(self, member: StrEnum) -> str:
        """Return what people call an enum member."""
        return self.catalogue.word(member, self.locale)

    def reason(self, code: str) -> str:
        """Return the text of a verdict's reason, or its code where nobody has named it yet."""
        return self.catalogue.text_or(f"reason.{code}", self.locale, code)

    def alert_reason(self, code: str) -> str:
        """Return the text of an alert's reason, or its code where nobody has named it yet."""
        return self.catalogue.text_or(f"alert_reason.{code}", self.locale, code)

    def refusal_reason(self, code: str) -> str:
        """Return why a record was refused, or its code where nobody has named it yet."""
        return self.catalogue.text_or(f"refusal_reason.{code}", self.locale, code)

    def suspicion(self, code: str) -> str:
        """Return why a record is doubtful, or its code where nobody has named it yet."""
        return self.catalogue.text_or(f"suspicion.{code}", self.locale, code)

    def name(self, name: Name) -> str:
        """Return a name in the reader's language."""
        return name_in(name, self.locale)

    def joined(self, parts: Sequence[str]) -> str:
        """Return the parts as one text, with a dot between them."""
        return " · ".join(part for part in parts if part)

    def time(self, instant: datetime | None) -> str:
        """Return day and minute, or a dash."""
        return "—" if instant is None else format_time(instant, self.locale)

    def clock(self, instant: datetime) -> str:
        """Return the minute of the day."""
        return format_clock(instant, self.locale)

    def date(self, instant: datetime) -> str:
        """Return the date."""
        return format_date(instant, self.locale)

    def duration(self, interval: timedelta) -> str:
        """Return a length of time without its sign."""
        return format_duration(interval, self.locale)

    def share(self, ratio: float) -> str:
        """Return a ratio in percent."""
        return format_share(ratio, self.locale)
