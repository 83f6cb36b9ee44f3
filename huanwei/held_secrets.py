"""Secrets that only some processes need: each is asked for where it is used, and nowhere else."""

from collections.abc import Iterable

from pydantic import SecretStr

from huanwei.settings import Settings, SettingsError

_ALL_OF_THE_BROKER = ("admin_password", "ingest_password", "gateway_password", "devices_password")
_OF_ROLES = {
    "edge": ("broker.gateway_password",),
    "ingest": ("broker.ingest_password",),
    "centre": ("centre.signing_secret",),
    "alerts": ("centre.signing_secret",),
    "api": ("centre.signing_secret",),
    "sim": ("broker.devices_password",),
}


def held(secret: SecretStr, key: str) -> SecretStr:
    """Return the secret; raise :class:`SettingsError` naming ``key`` where there is none."""
    if not secret.get_secret_value():
        msg = f"{key}: missing, and it is needed here; `huanwei init` and `make secrets` make it"
        raise SettingsError(msg)
    return secret


def require_secrets(settings: Settings, roles: Iterable[str]) -> None:
    """Raise :class:`SettingsError` with every secret that these processes lack, one a line."""
    keys = {key: None for role in roles for key in _OF_ROLES.get(role, ())}
    if settings.broker.start:
        # The broker that the run starts has all of its users.
        keys |= {f"broker.{name}": None for name in _ALL_OF_THE_BROKER}
    lines = []
    for key in keys:
        section, name = key.split(".")
        try:
            held(getattr(getattr(settings, section), name), key)
        except SettingsError as error:
            lines.append(str(error))
    if lines:
        raise SettingsError("\n".join(lines))
