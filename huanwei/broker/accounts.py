"""``huanwei broker users``: an account at the broker for each device of the registry."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from domain.registry import RegistrySnapshot
from huanwei.broker.device_passwords import (
    FILE_NAME,
    passwords_of,
    read_passwords,
    write_passwords,
    write_private,
)
from huanwei.broker.mosquitto import format_passwords, format_topics
from huanwei.broker.users import (
    BrokerUser,
    format_users,
    users_of_one_site,
    with_own_accounts,
)
from huanwei.errors import StandsInTheWayError
from huanwei.held_secrets import held
from huanwei.settings import Settings
from huanwei.site_registry import registry_path
from storage.registry_file import load_registry

BrokerKind = Literal["nats", "mosquitto"]


class NoSuchAccountError(StandsInTheWayError):
    """A password is to be renewed of somebody who has none."""


def base_users(settings: Settings) -> tuple[BrokerUser, ...]:
    """Return the users of every broker of ours: with one account for all devices."""
    broker = settings.broker
    return users_of_one_site(
        gateway_id=settings.edge.gateway_id,
        gateway_password=_held(broker.gateway_password, "gateway"),
        ingest_password=_held(broker.ingest_password, "ingest"),
        devices_password=_held(broker.devices_password, "devices"),
        admin_password=_held(broker.admin_password, "admin"),
    )


def _held(password: SecretStr, user: str) -> str:
    return held(password, f"broker.{user}_password").get_secret_value()


def gateways_of(registry: RegistrySnapshot) -> set[str]:
    """Return the gateways that devices of the registry name."""
    sensors = {sensor.gateway_id for sensor in registry.sensors.values()}
    return sensors | {camera.gateway_id for camera in registry.cameras.values()}


def users_of_run(settings: Settings) -> tuple[BrokerUser, ...]:
    """Return the users of the broker that the run itself starts, by ``device_accounts``."""
    if settings.broker.device_accounts == "shared":
        return base_users(settings)
    passwords = read_passwords(default_folder(settings) / FILE_NAME)
    registry = load_registry(registry_path(settings))
    gateways = gateways_of(registry)
    return with_own_accounts(
        base_users(settings),
        gateways={name: each for name, each in passwords.items() if name in gateways},
        devices={name: each for name, each in passwords.items() if name in registry.sensors},
    )


def default_folder(settings: Settings) -> Path:
    """Return where the broker that the run itself starts has its files."""
    return settings.run.data / "broker"


def write_accounts(  # noqa: PLR0913  each option of the command
    settings: Settings,
    registry: RegistrySnapshot,
    folder: Path,
    *,
    kind: BrokerKind,
    renew: Iterable[str] = (),
    shared: bool = False,
    yes: bool,
    say: Callable[[str], None],
) -> None:
    """Say what would change; with ``yes`` write the broker's files and the passwords.

    ``shared``: no account for a device, all use the user ``devices``. Raises
    ``StandsInTheWayError`` for a file that cannot be read and an unknown id in ``renew``.
    """
    passwords_path = folder / FILE_NAME
    held = read_passwords(passwords_path)
    own = settings.edge.gateway_id
    gateways = gateways_of(registry) - {own}
    devices = set() if shared else set(registry.sensors)
    names = gateways | devices
    again = frozenset(renew)
    if unknown := sorted(again - names):
        msg = f"--renew: neither device nor gateway of the registry: {', '.join(unknown)}"
        raise NoSuchAccountError(msg)
    passwords = passwords_of(names, held=held, renew=again)
    new = sum(name not in held for name in passwords)
    gone = sum(name not in passwords for name in held)
    say(
        f"{len(passwords)} accounts of devices and gateways: {new} new, {len(again)} renewed,"
        f" {gone} removed."
    )
    if not yes:
        say("Nothing is written yet. To do it: the same command with --yes")
        return
    users = with_own_accounts(
        base_users(settings),
        gateways={name: passwords[name] for name in sorted(gateways)},
        devices={name: passwords[name] for name in sorted(devices)},
        devices_speak=shared,
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The passwords first: a broker must not know a hash whose password nobody has.
    write_passwords(passwords_path, passwords)
    for name, text in _files(users, kind).items():
        write_private(folder / name, text)
        say(f"Written: {folder / name}")
    say(f"Passwords for the technicians: {passwords_path}. Have the broker read its files again.")


def _files(users: tuple[BrokerUser, ...], kind: BrokerKind) -> dict[str, str]:
    if kind == "nats":
        return {"users.conf": format_users(users, hashed=True)}
    return {"passwords": format_passwords(users), "topics": format_topics(users)}
