"""``huanwei broker ...``: who may say and hear what at the MQTT broker."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from huanwei.commands.options import SettingsOption
from huanwei.settings import SettingsError

broker_app = typer.Typer(no_args_is_help=True, help="The MQTT broker.")


class Broker(StrEnum):
    """The brokers we write files for."""

    NATS = "nats"
    MOSQUITTO = "mosquitto"


@broker_app.command()
def users(
    settings: SettingsOption = Path("huanwei.toml"),
    out: Annotated[
        Path | None,
        typer.Option(help="The folder of the broker's files and the passwords (data/broker)."),
    ] = None,
    kind: Annotated[Broker, typer.Option("--for", help="Which broker.")] = Broker.NATS,
    renew: Annotated[
        list[str] | None, typer.Option(help="The id of a device that gets a new password.")
    ] = None,
    *,
    shared: Annotated[
        bool, typer.Option("--shared", help="No account per device: all use `devices`.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write the files.")] = False,
) -> None:
    """Give each device and gateway of the registry an account of its own, by broker files."""
    from huanwei.broker.accounts import default_folder, write_accounts  # noqa: PLC0415  quick start
    from huanwei.settings import load_settings  # noqa: PLC0415
    from storage.registry_file import BadRegistryFileError, load_registry  # noqa: PLC0415

    loaded = load_settings(settings)
    try:
        registry = load_registry(loaded.run.registry)
    except (BadRegistryFileError, OSError) as error:
        raise SettingsError(str(error)) from None
    folder = out or default_folder(loaded)
    write_accounts(
        loaded,
        registry,
        folder,
        kind=kind.value,
        renew=renew or (),
        shared=shared,
        yes=yes,
        say=typer.echo,
    )


@broker_app.command()
def cap(settings: SettingsOption = Path("huanwei.toml")) -> None:
    """Bound what NATS stores, as soon as it stores something; `up` does it itself."""
    from huanwei.broker.cap import cap_when_there  # noqa: PLC0415  as other commands
    from huanwei.settings import load_settings  # noqa: PLC0415

    cap_when_there(load_settings(settings))
    typer.echo("The broker's stored stream is bounded.")
