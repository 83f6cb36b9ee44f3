"""``huanwei backup`` and ``huanwei restore``: a run on files, copied and put back."""

from pathlib import Path
from typing import Annotated

import typer

from huanwei.commands.options import SettingsOption
from huanwei.settings import Settings, SettingsError, load_settings


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder for the backup.")],
    settings: SettingsOption = Path("huanwei.toml"),
) -> None:
    """Copy all of a run that cannot be made again, also while it is at work."""
    from huanwei.backup import back_up  # noqa: PLC0415  keeps `huanwei version` quick

    loaded = load_settings(settings)
    _must_be_on_files(loaded, settings)
    made = back_up(loaded.run, folder, say=typer.echo)
    typer.echo(f"pictures: {made.pictures}")
    typer.echo(f"Backed up to {folder}: the journal up to entry {made.journal_position}.")
    typer.echo("Not in it: passwords (secrets.toml), and what still waits in the gateway's spool.")


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup.")],
    settings: SettingsOption = Path("huanwei.toml"),
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only check.")] = False,
) -> None:
    """Check a backup; with --yes put it in the place of a run that is stopped."""
    from huanwei.restore import check_backup  # noqa: PLC0415  see above
    from huanwei.restore import restore as put_back  # noqa: PLC0415

    loaded = load_settings(settings)
    _must_be_on_files(loaded, settings)
    run = loaded.run
    if not yes:
        found = check_backup(folder)
        typer.echo(
            f"{folder} is whole: made at {found.made_at:%Y-%m-%d %H:%M:%S} UTC, the journal up to"
            f" entry {found.journal_position}, {found.pictures} pictures."
        )
        typer.echo(f"With --yes it takes the place of {run.data}.")
        return
    restored = put_back(folder, run, say=typer.echo)
    typer.echo(f"What was there before: {restored.aside}")
    newer = "an unknown number of" if restored.lost is None else restored.lost
    typer.echo(f"Restored. {newer} journal entries were newer than the backup and are only there.")


def _must_be_on_files(loaded: Settings, path: Path) -> None:
    """Refuse a run on PostgreSQL: a copy of its few files would look like a backup."""
    if loaded.postgres is not None:
        msg = f"{path}: with [postgres], backups are pg_dump's: the manual says how, in 3.11"
        raise SettingsError(msg)
