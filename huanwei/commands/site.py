"""``huanwei site ...``: an edge on a machine of its own fetches what the district has for it."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from huanwei.commands.options import SettingsOption
from huanwei.errors import StandsInTheWayError
from huanwei.settings import SettingsError, load_settings

site_app = typer.Typer(
    no_args_is_help=True, help="What an edge on another machine needs from the district."
)


@site_app.command()
def answer(
    settings: SettingsOption = Path("huanwei.toml"),
    registry: Annotated[
        Path | None, typer.Option(help="A registry file, such as the copy that alerts keeps.")
    ] = None,
) -> None:
    """Answer one fetch: read what the edge has from the input, write what it lacks.

    Run where the pages (api, or centre) run, which write calibrations and references.
    """
    from huanwei import site_copy  # noqa: PLC0415  keeps `huanwei version` quick
    from huanwei.business_clock import SystemClock  # noqa: PLC0415
    from huanwei.run_stores import registry_of  # noqa: PLC0415
    from storage.registry_file import BadRegistryFileError, load_registry  # noqa: PLC0415

    loaded = load_settings(settings)
    request = sys.stdin.buffer.read()
    try:
        # Before any reference is read: of those there are only ever more.
        snapshot = (
            registry_of(loaded, SystemClock()).current()
            if registry is None
            else load_registry(registry)
        )
    except (BadRegistryFileError, OSError) as error:
        raise SettingsError(str(error)) from None
    told, missing = site_copy.answer(request, snapshot, loaded.run.references)
    for name in missing:
        typer.echo(f"{loaded.run.references / name} is not there", err=True)
    sys.stdout.buffer.write(told)
    sys.stdout.buffer.flush()


@site_app.command()
def fetch(
    command: Annotated[
        list[str],
        typer.Argument(help="What reaches `huanwei site answer`, such as: ssh HOST huanwei ..."),
    ],
    settings: SettingsOption = Path("huanwei.toml"),
    within: Annotated[float, typer.Option(min=1, help="Seconds that it may take.")] = 300.0,
) -> None:
    """Fetch registry, references and what cameras learned; says nothing where nothing is new."""
    from huanwei import site_copy  # noqa: PLC0415  see above
    from huanwei.site_bundle import encode_request  # noqa: PLC0415
    from storage.lock_file import LockFile  # noqa: PLC0415

    loaded = load_settings(settings)
    # A slow fetch must not put an older registry in the place of a quick one's.
    lock = LockFile(loaded.run.registry.with_name(f".{loaded.run.registry.name}.fetch.lock"))
    try:
        request = site_copy.request_of(loaded)
        told = _asked(command, encode_request(request), within)
        fetched = site_copy.take(told, request, loaded)
    except OSError as error:
        msg = f"{error}: the next fetch brings what is still missing"
        raise StandsInTheWayError(msg) from error
    finally:
        lock.release()
    for name in fetched.changed:
        typer.echo(f"{name}: new")
    for name in fetched.removed:
        typer.echo(f"{name}: taken back")
    if fetched.needs_restart:
        typer.echo("The edge takes the network's head over at its next start: restart it.")


def _asked(command: list[str], request: bytes, within_s: float) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603  the caller's own command
            command, input=request, stdout=subprocess.PIPE, timeout=within_s, check=False
        )
    except OSError as error:
        msg = f"{command[0]}: {error.strerror}"
        raise StandsInTheWayError(msg) from error
    except subprocess.TimeoutExpired as error:
        msg = f"{command[0]} gave no answer within {within_s:g} s; nothing was changed"
        raise StandsInTheWayError(msg) from error
    if done.returncode != 0:
        msg = f"{command[0]} ended with code {done.returncode}; nothing was changed"
        raise StandsInTheWayError(msg)
    return done.stdout
