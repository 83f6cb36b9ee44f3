"""``huanwei influx ...``: InfluxDB beside the embedded store."""

from pathlib import Path
from typing import Annotated

import typer

from huanwei.commands.options import JsonOption, LimitOption, SettingsOption, list_rows

influx_app = typer.Typer(no_args_is_help=True, help="InfluxDB beside the embedded store.")


@influx_app.command(name="setup")
def influx_setup(
    settings: SettingsOption = Path("huanwei.toml"),
    *,
    admin_token: Annotated[
        str,
        typer.Option(
            envvar="HUANWEI_INFLUX_ADMIN_TOKEN",
            prompt="A token that may make buckets and tokens",
            hide_input=True,
            help="Used now, never kept.",
        ),
    ],
    read_token_file: Annotated[
        Path | None, typer.Option(help="Also write the read-only token there, for Grafana.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do what the plan says.")] = False,
) -> None:
    """Show what the InfluxDB server lacks (buckets, retention, tokens); with --yes, make it."""
    from huanwei.influx_setup import set_up  # noqa: PLC0415

    set_up(settings, admin_token=admin_token, yes=yes, say=typer.echo)
    if yes and read_token_file is not None:
        from huanwei.broker.device_passwords import write_private  # noqa: PLC0415
        from huanwei.influx_setup import influx_section  # noqa: PLC0415
        from huanwei.settings import load_settings  # noqa: PLC0415

        token = influx_section(load_settings(settings)).read_token
        write_private(read_token_file, token.get_secret_value())


@influx_app.command(name="backfill")
def influx_backfill(settings: SettingsOption = Path("huanwei.toml")) -> None:
    """Write again all that journal, cases and rollups still hold; harmless beside a running one."""
    from huanwei.influx_setup import write_again  # noqa: PLC0415

    write_again(settings, say=typer.echo)


@influx_app.command(name="dead-letters")
def influx_dead_letters(
    settings: SettingsOption = Path("huanwei.toml"),
    limit: LimitOption = 50,
    *,
    as_json: JsonOption = False,
) -> None:
    """List points that InfluxDB or its writer refused, newest first, with the reason."""
    from huanwei.influx_setup import refused_rows  # noqa: PLC0415
    from huanwei.settings import load_settings  # noqa: PLC0415

    rows = refused_rows(load_settings(settings), limit=limit)
    list_rows(rows, as_json=as_json, none="No dead letters.")
