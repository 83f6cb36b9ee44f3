"""Whom a program of somebody else's runs as: PostgreSQL refuses to be root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from huanwei.errors import StandsInTheWayError

_LESSER = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group; None: ourselves."""

    user: int | None = None
    group: int | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What ``huanwei.end_with_parent`` is told."""
        return () if self.user is None else ("--as", f"{self.user}:{self.group}")

    def own(self, path: Path) -> None:
        """Give it a file or folder."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    def enters(self, path: Path) -> bool:
        """Whether it may go through every folder down to ``path``."""
        if self.user is None:
            return True
        return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def lesser_account() -> Account:
    """Return ourselves, or for root an account that is not; raise ``StandsInTheWayError``."""
    if os.geteuid() != 0:
        return Account()
    for name in _LESSER:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    msg = "PostgreSQL refuses to run as root, and there is no other account; run as another user"
    raise StandsInTheWayError(msg)
