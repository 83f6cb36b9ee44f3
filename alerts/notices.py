"""The words of the messages to crews and dispatchers."""

from dataclasses import dataclass
from enum import StrEnum

from alerts.case_records import CaseFile
from alerts.crew_links import CrewLinks
from alerts.outbox import DISPATCHERS, Channel, Notice, NoticeLevel
from domain.registry import RegistrySnapshot
from texts.catalogue import Catalogue, Locale
from texts.formatting import format_time, name_in


class Occasion(StrEnum):
    """Why somebody is told something: each has a title and a text in ``notices.po``."""

    NEW = "new"
    BEFORE_LIMIT = "before_limit"
    AT_LIMIT = "at_limit"
    ESCALATION = "escalation"
    UNDELIVERED = "undelivered"
    REWORK = "rework"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


_LEVELS = {
    Occasion.NEW: NoticeLevel.NEW,
    Occasion.BEFORE_LIMIT: NoticeLevel.REMINDER,
    Occasion.AT_LIMIT: NoticeLevel.REMINDER,
    Occasion.ESCALATION: NoticeLevel.ESCALATION,
    Occasion.UNDELIVERED: NoticeLevel.ESCALATION,
    Occasion.REWORK: NoticeLevel.REWORK,
    Occasion.CLOSED: NoticeLevel.CLOSED,
    Occasion.WITHDRAWN: NoticeLevel.CLOSED,
}
_WITHOUT_LINK = frozenset({Occasion.CLOSED, Occasion.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Writes the messages, in one language for everybody."""

    catalogue: Catalogue
    locale: Locale
    crew_links: CrewLinks

    def digest_title(self, count: int) -> str:
        """Return the title of a message that tells so many."""
        return self.catalogue.text("notice.digest.title", self.locale, count=str(count))

    def to_crew(
        self, occasion: Occasion, file: CaseFile, registry: RegistrySnapshot, *, mark: str
    ) -> Notice:
        """Return the message to the crew's phone, with the link to its page."""
        link = None
        if occasion not in _WITHOUT_LINK:
            link = self.crew_links.link(crew_id=file.case.crew_id, case_id=file.case.case_id)
        return self._notice(
            occasion, file, registry, mark, to=(Channel.WEBHOOK, file.case.crew_id), link=link
        )

    def to_dispatchers(
        self, occasion: Occasion, file: CaseFile, registry: RegistrySnapshot, *, mark: str
    ) -> Notice:
        """Return the message that the dispatchers' console shows."""
        return self._notice(
            occasion, file, registry, mark, to=(Channel.CONSOLE, DISPATCHERS), link=None
        )

    def _notice(
        self,
        occasion: Occasion,
        file: CaseFile,
        registry: RegistrySnapshot,
        mark: str,
        *,
        to: tuple[Channel, str],
        link: str | None,
    ) -> Notice:
        words = self._words(file, registry)
        channel, recipient = to
        return Notice(
            case_id=file.case.case_id,
            episode=file.episode,
            occasion=mark,
            channel=channel,
            recipient=recipient,
            level=_LEVELS[occasion],
            title=self.catalogue.text(f"notice.{occasion}.title", self.locale, **words),
            text=self.catalogue.text(f"notice.{occasion}.text", self.locale, **words),
            link=link,
        )

    def _words(self, file: CaseFile, registry: RegistrySnapshot) -> dict[str, str]:
        case = file.case
        place = registry.places.get(case.place_id)
        crew = registry.crews.get(case.crew_id)
        due = "-" if case.due_at is None else format_time(case.due_at, self.locale)
        return {
            "number": case.number,
            "place": case.place_id if place is None else name_in(place.name, self.locale),
            "crew": case.crew_id if crew is None else name_in(crew.name, self.locale),
            "problem": self.catalogue.word(case.problem_class, self.locale),
            "due": due,
        }
