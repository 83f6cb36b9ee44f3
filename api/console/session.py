"""What a reader has chosen: the role to act in and the language, kept in the signed session cookie.

Until accounts exist the role is what the reader says it is; the log of a case shows it.
"""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from domain.cases import Actor
from texts.catalogue import Locale

ROLES = (Actor.OPERATOR, Actor.DISPATCHER, Actor.INSPECTOR)
"""Supervision (operator, inspector) and command (dispatcher) have different rights."""

LONGEST_WAY_BACK = 200
"""So long an address may be to come back to with all that was asked for."""

_ROLE, _LANGUAGE = "huanwei_role", "huanwei_language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The choices of one reader."""

    role: Actor = Actor.DISPATCHER
    locale: Locale = Locale.ZH_CN


def read_preferences(session: Mapping[str, object]) -> Preferences:
    """Return the choices in a session; the defaults where it holds none or nonsense."""
    role, language = session.get(_ROLE), session.get(_LANGUAGE)
    return Preferences(
        role=next((known for known in ROLES if known == role), Actor.DISPATCHER),
        locale=next((known for known in Locale if known == language), Locale.ZH_CN),
    )


def write_preferences(
    session: MutableMapping[str, object], *, role: str | None, language: str | None
) -> None:
    """Store the choices that are among those on offer; ignore others."""
    if role in ROLES:
        session[_ROLE] = role
    if language in set(Locale):
        session[_LANGUAGE] = language


def way_back(path: str, query: str) -> str:
    """Return the address to come back to: without its query where that is too long."""
    whole = f"{path}?{query}" if query else path
    return whole if len(whole) <= LONGEST_WAY_BACK else path


def local_path(path: str) -> str:
    """Return ``path`` if it stays on this host, else the first page."""
    stays = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if stays and path.isprintable() else "/"
