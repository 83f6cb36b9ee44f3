"""``huanwei database ...``: the PostgreSQL database of a district."""

from pathlib import Path
from typing import Annotated

import typer

from huanwei.commands.options import SettingsOption
from huanwei.settings import SHORTEST_SECRET, SettingsError

database_app = typer.Typer(no_args_is_help=True, help="The PostgreSQL database of a district.")


@database_app.command()
def show(settings: SettingsOption = Path("huanwei.toml")) -> None:
    """Say which revision the database is at and which steps this release lacks there."""
    from huanwei.database import database_state  # noqa: PLC0415  keeps `huanwei version` quick
    from huanwei.run_stores import database_in_plain_words  # noqa: PLC0415

    with database_in_plain_words():
        state = database_state(_url(settings))
    typer.echo(f"Revision: {state.at or 'none'}{' (of a newer release)' if state.unknown else ''}")
    for step in state.missing:
        typer.echo(f"  missing {step.name}: {step.what}")
    if not state.missing and not state.unknown:
        typer.echo("The tables are those of this release.")


@database_app.command()
def upgrade(
    settings: SettingsOption = Path("huanwei.toml"),
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what.")] = False,
) -> None:
    """Say what the database lacks; with --yes bring it to this release. Harmless to repeat."""
    from huanwei.database import database_state  # noqa: PLC0415
    from huanwei.database import upgrade as bring_up  # noqa: PLC0415
    from huanwei.run_stores import database_in_plain_words  # noqa: PLC0415

    url = _url(settings)
    with database_in_plain_words():
        if yes:
            bring_up(url, say=lambda line: typer.echo(f"  {line}"))
            typer.echo("The tables are those of this release.")
            return
        missing = database_state(url).missing
    for step in missing:
        typer.echo(f"  {step.name}: {step.what}")
    typer.echo("With --yes these are done." if missing else "Nothing to do.")


def _url(settings: Path) -> str:
    from huanwei.settings import load_settings  # noqa: PLC0415

    loaded = load_settings(settings)
    if loaded.postgres is None:
        msg = f"{settings}: there is no [postgres]; this run keeps its files in run.data"
        raise SettingsError(msg)
    return loaded.postgres.url.get_secret_value()


@database_app.command()
def reader(
    settings: SettingsOption = Path("huanwei.toml"),
    *,
    name: Annotated[str, typer.Option(help="What the account is called.")] = "grafana",
    password: Annotated[
        str,
        typer.Option(
            envvar="HUANWEI_POSTGRES_READER_PASSWORD",
            prompt="A password for it",
            hide_input=True,
            help="At least 16 characters; kept only by PostgreSQL.",
        ),
    ],
) -> None:
    """Make the account that Grafana reads with: the views of docs/dashboards-data.md alone."""
    from huanwei.database_reader import make_reader  # noqa: PLC0415  see above
    from huanwei.run_stores import database_in_plain_words  # noqa: PLC0415

    if len(password) < SHORTEST_SECRET:
        msg = f"--password: shorter than {SHORTEST_SECRET} characters"
        raise SettingsError(msg)
    with database_in_plain_words():
        new = make_reader(_url(settings), name=name, password=password)
    typer.echo(f"{name}: {'made' if new else 'has this password now'}; it reads dashboards only.")
