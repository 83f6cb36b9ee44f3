"""``huanwei registry ...``: the registry of a district in PostgreSQL, and registry files."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huanwei.commands.options import SettingsOption
from huanwei.errors import StandsInTheWayError
from huanwei.settings import SettingsError

if TYPE_CHECKING:
    from domain.registry import RegistrySnapshot
    from storage.postgres_registry import PostgresRegistryWriter

registry_app = typer.Typer(no_args_is_help=True, help="What stands where, and who answers for it.")

FileArgument = Annotated[Path, typer.Argument(help="A registry file (JSON).")]


@registry_app.command()
def check(file: FileArgument) -> None:
    """Say whether a registry file can be taken, and what it holds."""
    snapshot = _read(file)
    typer.echo(f"{file}: version {snapshot.version}, {_counts(snapshot)}. It can be taken.")


@registry_app.command(name="import")
def import_(
    file: FileArgument,
    settings: SettingsOption = Path("huanwei.toml"),
    *,
    if_none: Annotated[
        bool, typer.Option("--if-none", help="Only where PostgreSQL has no registry yet.")
    ] = False,
) -> None:
    """Make a file the newest version of the registry in PostgreSQL; every process follows."""
    from huanwei.database import require_this_release  # noqa: PLC0415  quick `huanwei version`
    from huanwei.run_stores import database_in_plain_words  # noqa: PLC0415
    from storage.postgres_registry import NoRegistryError, OlderRegistryError  # noqa: PLC0415

    snapshot = _read(file)
    with database_in_plain_words():
        require_this_release(_url(settings))
        writer = _writer(settings)
        try:
            if if_none:
                with suppress(NoRegistryError):
                    _copy_for_edge(settings, _newest(writer))
                    typer.echo("There is a registry already; nothing was changed.")
                    return
            changed = writer.put(snapshot)
            _copy_for_edge(settings, snapshot)
        except OlderRegistryError as error:
            msg = f"{file}: {error}"
            raise StandsInTheWayError(msg) from None
        finally:
            writer.close()
    said = "imported" if changed else "there already, nothing was changed"
    typer.echo(f"{file}: version {snapshot.version}, {_counts(snapshot)}: {said}.")


@registry_app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A new file.")],
    settings: SettingsOption = Path("huanwei.toml"),
) -> None:
    """Write the newest version of the registry in PostgreSQL to a file."""
    from huanwei.run_stores import database_in_plain_words  # noqa: PLC0415  see above
    from storage.postgres_registry import NoRegistryError  # noqa: PLC0415

    if file.exists():
        msg = f"{file} is there already; nothing was written"
        raise FileExistsError(msg)
    with database_in_plain_words():
        writer = _writer(settings)
        try:
            content = writer.newest()
        except NoRegistryError as error:
            raise StandsInTheWayError(str(error)) from None
        finally:
            writer.close()
    file.write_bytes(content)
    typer.echo(f"Written: {file}")


def _read(file: Path) -> "RegistrySnapshot":
    from storage.registry_file import BadRegistryFileError, load_registry  # noqa: PLC0415

    try:
        return load_registry(file)
    except (BadRegistryFileError, OSError) as error:
        raise SettingsError(str(error)) from None


def _newest(writer: "PostgresRegistryWriter") -> "RegistrySnapshot":
    from storage.registry_file import decode_registry  # noqa: PLC0415

    return decode_registry(writer.newest(), Path("registry in the database"))


def _copy_for_edge(settings: Path, snapshot: "RegistrySnapshot") -> None:
    """Hand it to the edge now, which may start before the process that follows the database."""
    from huanwei.settings import load_settings  # noqa: PLC0415
    from huanwei.site_registry import copy_path  # noqa: PLC0415
    from storage.registry_copy import bring_copy  # noqa: PLC0415

    path = copy_path(load_settings(settings))
    try:
        bring_copy(snapshot, path)
    except OSError as error:
        typer.echo(f"The copy for the edge was not written: {error}", err=True)


def _counts(snapshot: "RegistrySnapshot") -> str:
    return (
        f"{len(snapshot.places)} places, {len(snapshot.sensors)} sensors,"
        f" {len(snapshot.cameras)} cameras"
    )


def _url(settings: Path) -> str:
    from huanwei.run_stores import postgres_url  # noqa: PLC0415
    from huanwei.settings import load_settings  # noqa: PLC0415

    url = postgres_url(load_settings(settings))
    if url is None:
        msg = f"{settings}: there is no [postgres]; this run reads run.registry as it stands"
        raise SettingsError(msg)
    return url


def _writer(settings: Path) -> "PostgresRegistryWriter":
    from huanwei.business_clock import SystemClock  # noqa: PLC0415
    from huanwei.run_stores import who  # noqa: PLC0415
    from storage.postgres_registry import PostgresRegistryWriter  # noqa: PLC0415

    return PostgresRegistryWriter(_url(settings), by=who(), now=SystemClock().now)
