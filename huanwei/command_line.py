"""The command line: ``huanwei COMMAND``.

Exit codes: 0 done; 1 something in the world stands in the way (a taken port, a file in use, no
broker); 2 the call or the settings are wrong; 130 ended by Ctrl-C before it was done.
"""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from domain.checks import InvalidValueError, check_id
from gateway.errors import RefusalReason as MessageRefusal
from huanwei import __version__
from huanwei.commands.backups import backup, restore
from huanwei.commands.broker import broker_app
from huanwei.commands.database import database_app
from huanwei.commands.district import district
from huanwei.commands.doctor import config_app, doctor
from huanwei.commands.grafana import grafana_app
from huanwei.commands.influx import influx_app
from huanwei.commands.options import (
    IN_THE_WAY,
    WRONG_CALL,
    JsonOption,
    LimitOption,
    SettingsOption,
    list_rows,
)
from huanwei.commands.registry import registry_app
from huanwei.commands.site import site_app
from huanwei.commands.vision import vision_app
from huanwei.errors import StandsInTheWayError
from huanwei.settings import SettingsError
from ingest.reasons import RefusalReason as RecordRefusal
from storage.lock_file import FileInUseError
from storage.sqlite import DamagedFileError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Huanwei (环卫): keeps a district's collection points and farmers' markets clean.",
)
app.add_typer(vision_app, name="vision")
app.add_typer(influx_app, name="influx")
app.add_typer(broker_app, name="broker")
app.add_typer(config_app, name="config")
app.command()(doctor)
app.command()(district)
app.command()(backup)
app.command()(restore)
app.add_typer(grafana_app, name="grafana")
app.add_typer(database_app, name="database")
app.add_typer(registry_app, name="registry")
app.add_typer(site_app, name="site")


def main() -> None:
    """Run the command line; expected errors become one line and an exit code."""
    # What a command writes is its owner's alone, as with the processes it starts.
    os.umask(0o077)
    try:
        app()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(WRONG_CALL) from None
    except (StandsInTheWayError, FileInUseError, DamagedFileError, FileExistsError) as error:
        typer.echo(str(error), err=True)
        raise SystemExit(IN_THE_WAY) from None


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def demo(
    speed: Annotated[
        float, typer.Option(min=0.1, max=600, help="Business seconds that pass in a second.")
    ] = 60.0,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the newest run.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed, another district's day.")] = 7,
    console_port: int = 8000,
    simulator_port: int = 8010,
    broker_port: Annotated[int, typer.Option(help="First of three ports of the broker.")] = 18830,
) -> None:
    """Start a simulated district and everything that works for it, on this machine."""
    from huanwei.demo import run_demo  # noqa: PLC0415  keeps `huanwei version` quick

    run_demo(
        speed=speed,
        keep=keep,
        seed=seed,
        console_port=console_port,
        simulator_port=simulator_port,
        broker_port=broker_port,
        say=typer.echo,
    )


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder for settings, registry and data.")],
    gateway_id: Annotated[str, typer.Option(help="The id of the site's gateway.")] = "gw-main",
) -> None:
    """Write settings, fresh secrets and an example registry into a new folder."""
    from huanwei.example_registry import write_example_registry  # noqa: PLC0415
    from huanwei.new_run import SETTINGS_NAME, write_settings  # noqa: PLC0415
    from huanwei.settings import SECRETS_NAME  # noqa: PLC0415

    try:
        check_id("--gateway-id", gateway_id)
    except InvalidValueError as error:
        raise SettingsError(str(error)) from None
    registry_path = folder / "registry.json"
    for path in (folder / SETTINGS_NAME, folder / SECRETS_NAME, registry_path):
        if path.exists():
            msg = f"{path} is there already; nothing was written"
            raise FileExistsError(msg)
    settings_path = write_settings(folder, gateway_id=gateway_id)
    write_example_registry(registry_path, gateway_id=gateway_id)
    typer.echo(f"Written: {settings_path}. Next: edit {registry_path}, then")
    typer.echo(f"  huanwei up --settings {settings_path}")


@app.command()
def up(
    settings: SettingsOption = Path("huanwei.toml"),
    only: Annotated[
        str | None, typer.Option(help="One process: edge, ingest, centre, or alerts, api.")
    ] = None,
    shards: Annotated[
        str | None, typer.Option(help="Whose gateways ingest hears, such as 0-7/32.")
    ] = None,
) -> None:
    """Run broker, edge, ingest and centre (or alerts and api) by a settings file."""
    from huanwei.held_secrets import require_secrets  # noqa: PLC0415
    from huanwei.role import run_role  # noqa: PLC0415
    from huanwei.run_plan import roles_of  # noqa: PLC0415
    from huanwei.run_supervised import run_supervised  # noqa: PLC0415
    from huanwei.settings import load_settings  # noqa: PLC0415

    if shards is not None:
        os.environ["HUANWEI_INGEST__SHARDS"] = shards  # for the processes that we start too
    loaded = load_settings(settings)
    if loaded.run.clock_anchor is not None:
        msg = f"{settings}: run.clock_anchor: only the demo runs with a clock of its own"
        raise SettingsError(msg)
    require_secrets(loaded, roles_of(loaded) if only is None else (only,))
    if loaded.postgres is None:
        _check_registry(loaded.run.registry)
    if only is not None:
        possible = {*roles_of(loaded), "centre"}
        if loaded.simulator is not None:
            possible.add("sim")
        if only not in possible:
            typer.echo(f"--only: one of {', '.join(sorted(possible))}", err=True)
            raise typer.Exit(WRONG_CALL)
        run_role(only, settings.resolve())
        return
    run_supervised(
        loaded,
        settings.resolve(),
        roles_of(loaded),
        say=typer.echo,
        on_all_ready=lambda: typer.echo(f"Ready: {loaded.centre.public_url}"),
    )


def _check_registry(path: Path) -> None:
    """Say at once what is wrong with it: every process would end by it, again and again."""
    from storage.registry_file import BadRegistryFileError, load_registry  # noqa: PLC0415

    try:
        load_registry(path)
    except (BadRegistryFileError, OSError) as error:
        raise SettingsError(str(error)) from None


@app.command(name="dead-letters")
def dead_letters(
    settings: SettingsOption = Path("huanwei.toml"),
    reason: Annotated[RecordRefusal | None, typer.Option(help="Only this reason.")] = None,
    limit: LimitOption = 50,
    *,
    count: Annotated[bool, typer.Option("--count", help="Only how many there are, by reason.")] = (
        False
    ),
    as_json: JsonOption = False,
) -> None:
    """List records that ingest could not accept, newest first, with the reason."""
    from huanwei.refused_lists import dead_letter_counts, dead_letter_rows  # noqa: PLC0415
    from huanwei.settings import load_settings  # noqa: PLC0415

    loaded = load_settings(settings)
    if not count:
        rows = dead_letter_rows(loaded, reason=reason, limit=limit)
        list_rows(rows, as_json=as_json, none="No dead letters.")
        return
    counts = dead_letter_counts(loaded, reason=reason)
    if as_json:
        typer.echo(json.dumps(counts))
        return
    lines = [f"{name}: {letters}" for name, letters in counts.items()]
    typer.echo("\n".join(lines) if lines else "No dead letters.")


@app.command(name="refused-messages")
def refused_messages(
    settings: SettingsOption = Path("huanwei.toml"),
    reason: Annotated[MessageRefusal | None, typer.Option(help="Only this reason.")] = None,
    limit: LimitOption = 50,
    *,
    as_json: JsonOption = False,
) -> None:
    """List messages of devices that the gateway did not take, newest first, with the reason."""
    from huanwei.refused_lists import refused_message_rows  # noqa: PLC0415
    from huanwei.settings import load_settings  # noqa: PLC0415

    rows = refused_message_rows(load_settings(settings), reason=reason, limit=limit)
    list_rows(rows, as_json=as_json, none="No refused messages.")


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder for the ledger (JSONL).")],
    hours: Annotated[float, typer.Option(min=0.1, max=24 * 366)] = 24.0,
    seed: int = 7,
    *,
    as_json: JsonOption = False,
) -> None:
    """Let a district live for some hours without any server, and write what its devices sent."""
    from huanwei.simulation import simulate_to_ledger  # noqa: PLC0415

    summary = simulate_to_ledger(out, hours=hours, seed=seed, show_progress=not as_json)
    if as_json:
        typer.echo(json.dumps(summary))
        return
    for name, value in summary.items():
        typer.echo(f"{name}: {value}")
