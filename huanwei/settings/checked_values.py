"""What a value in the settings must be, whichever section it stands in."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from domain.checks import ID_PATTERN
from wire.shards import format_shards, parse_shards

SHORTEST_SECRET = 16
FEWEST_DIFFERENT = 6
"""Characters that a secret is made of, at least."""
_WELL_KNOWN = ("change-me", "changeme", "change_me", "adminadmin", "passwordpassword", "12345678")


def _guarded(host: str, section: ValidationInfo) -> str:
    """Refuse an address that others reach, unless a proxy is said to stand before it."""
    if not ipaddress.ip_address(host).is_loopback and not section.data.get("behind_proxy"):
        msg = (
            "only a loopback address (127.0.0.1): there are no accounts yet. In a container"
            " that only a proxy reaches, set behind_proxy = true"
        )
        raise ValueError(msg)
    return host


def _strong(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text:
        return secret  # missing: refused where it is needed (`huanwei.held_secrets`)
    if len(text) < SHORTEST_SECRET:
        msg = f"shorter than {SHORTEST_SECRET} characters; `huanwei init` makes good ones"
        raise ValueError(msg)
    if len(set(text)) < FEWEST_DIFFERENT or any(word in text.lower() for word in _WELL_KNOWN):
        msg = "a secret that everybody knows or guesses; `huanwei init` makes good ones"
        raise ValueError(msg)
    return secret


def _database_address(url: SecretStr) -> SecretStr:
    # Not by SQLAlchemy: the edge reads these settings too and has no use for its memory.
    if not re.fullmatch(r"postgres(ql)?://[^/\s]+/[^/?\s]+(\?\S*)?", url.get_secret_value()):
        msg = "not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        raise ValueError(msg)
    return url


def _shards(text: str) -> str:
    return format_shards(parse_shards(text))


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text))


Network = Annotated[str, AfterValidator(_network)]
Port = Annotated[int, Field(ge=1, le=65_535)]
GuardedHost = Annotated[str, AfterValidator(_guarded)]
Secret = Annotated[SecretStr, AfterValidator(_strong)]
DatabaseAddress = Annotated[SecretStr, AfterValidator(_database_address)]
Shards = Annotated[str, AfterValidator(_shards)]
NO_SECRET = SecretStr("")
KeptFor = Annotated[int, Field(ge=1, le=36_500)]
Id = Annotated[str, Field(pattern=f"^{ID_PATTERN.pattern}$")]
ServerUrl = Annotated[str, Field(pattern=r"^https?://[^/@\s]+(/\S*)?$")]
"""Without ``user:password@``: errors and logs tell this address."""
