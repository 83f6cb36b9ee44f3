"""The passwords of devices and gateways at the broker: one file, readable by its owner alone."""

import json
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from huanwei.errors import StandsInTheWayError

FILE_NAME = "device-passwords.json"


class BadPasswordFileError(StandsInTheWayError):
    """The file of passwords cannot be read; nothing was written."""


def new_password() -> str:
    """Return 192 random bits that any device's configuration takes."""
    return secrets.token_urlsafe(24)


def passwords_of(
    names: Iterable[str],
    *,
    held: Mapping[str, str],
    renew: frozenset[str] = frozenset(),
    make: Callable[[], str] = new_password,
) -> dict[str, str]:
    """Return a password for each name: the held one, or a new one where it is to be renewed."""
    return {
        name: held[name] if name in held and name not in renew else make()
        for name in sorted(set(names))
    }


def read_passwords(path: Path) -> dict[str, str]:
    """Return what the file holds; nothing while there is none. Raises BadPasswordFileError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}"
        raise BadPasswordFileError(msg) from error
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        msg = f"{path}: not names and passwords"
        raise BadPasswordFileError(msg)
    return found


def write_private(path: Path, text: str) -> None:
    """Replace a file at once; only its owner can read it."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def write_passwords(path: Path, passwords: Mapping[str, str]) -> None:
    """Replace the file."""
    write_private(path, json.dumps(passwords, indent=1) + "\n")
