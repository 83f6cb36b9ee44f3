"""``huanwei grafana ...``: the dispatchers' dashboards in a Grafana."""

from pathlib import Path
from typing import Annotated

import typer

from huanwei.commands.options import IN_THE_WAY, SettingsOption

grafana_app = typer.Typer(no_args_is_help=True, help="The dispatchers' dashboards in a Grafana.")


@grafana_app.command(name="push")
def grafana_push(settings: SettingsOption = Path("huanwei.toml")) -> None:
    """Bring every dashboard into Grafana and read it back. Harmless to repeat."""
    from huanwei.grafana import push  # noqa: PLC0415  keeps `huanwei version` quick

    push(settings, say=typer.echo)


@grafana_app.command(name="diff")
def grafana_diff(settings: SettingsOption = Path("huanwei.toml")) -> None:
    """Say how the dashboards in Grafana differ from this release's; then the exit code is 1."""
    from huanwei.grafana import diff  # noqa: PLC0415

    if not diff(settings, say=typer.echo):
        raise typer.Exit(IN_THE_WAY)


@grafana_app.command(name="doctor")
def grafana_doctor(settings: SettingsOption = Path("huanwei.toml")) -> None:
    """Look at version, token, data sources and dashboards; say what to do. Changes nothing."""
    from huanwei.grafana import doctor  # noqa: PLC0415

    if not doctor(settings, say=typer.echo):
        raise typer.Exit(IN_THE_WAY)


@grafana_app.command(name="write")
def grafana_write(
    folder: Annotated[Path, typer.Argument(help="What Grafana's provisioning reads.")],
    settings: SettingsOption = Path("huanwei.toml"),
) -> None:
    """Write the dashboards as provisioning files, with this district's console in their links."""
    from huanwei.grafana import write  # noqa: PLC0415

    write(settings, folder, say=typer.echo)


@grafana_app.command(name="check")
def grafana_check(
    settings: SettingsOption = Path("huanwei.toml"),
    *,
    password: Annotated[
        str,
        typer.Option(
            envvar="HUANWEI_POSTGRES_READER_PASSWORD",
            help="Of the account `grafana`: ask as it; else as the run itself.",
        ),
    ] = "",
) -> None:
    """Ask InfluxDB and PostgreSQL what every panel asks; exit code 1 when one gets nothing."""
    from huanwei.commands.district import check_panels  # noqa: PLC0415

    check_panels(settings, reader_password=password)
