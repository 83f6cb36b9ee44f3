"""``huanwei district``: a whole district on this machine, and whether its dashboards answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huanwei.commands.options import IN_THE_WAY

if TYPE_CHECKING:
    from huanwei.settings import Settings


def district(  # noqa: PLR0913  each option of the command
    speed: Annotated[
        float, typer.Option(min=0.1, max=600, help="Business seconds that pass in a second.")
    ] = 60.0,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the newest run.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Ask every panel of the run at work, and end.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed, another district's day.")] = 7,
    console_port: int = 8000,
    simulator_port: int = 8010,
    broker_port: Annotated[int, typer.Option(help="First of three ports of the broker.")] = 18830,
    servers_port: Annotated[
        int, typer.Option(help="First of three: PostgreSQL, InfluxDB, Grafana.")
    ] = 18850,
) -> None:
    """Start a simulated district with PostgreSQL, InfluxDB and Grafana where they are found."""
    from huanwei.district.run import (  # noqa: PLC0415  keeps `huanwei version` quick
        DistrictPorts,
        newest_district,
        run_district,
    )

    if check:
        from huanwei.settings import load_settings  # noqa: PLC0415

        path, plan = newest_district()
        reader = "" if plan.postgres is None else plan.postgres.reader
        say_panels(load_settings(path), reader_password=reader)
        return
    ports = DistrictPorts(
        console=console_port,
        simulator=simulator_port,
        first_of_broker=broker_port,
        first_of_servers=servers_port,
    )
    run_district(speed=speed, keep=keep, seed=seed, ports=ports, say=typer.echo)


def check_panels(settings: Path, *, reader_password: str) -> None:
    """Ask every panel of a run, as the account that Grafana has where its password is given."""
    from huanwei.settings import load_settings  # noqa: PLC0415  see above

    say_panels(load_settings(settings), reader_password=reader_password)


def say_panels(loaded: "Settings", *, reader_password: str) -> None:
    """Say of every panel how many rows it gets; exit code 1 when one gets none."""
    from huanwei.district.panels import DistrictSources, ask_every_panel  # noqa: PLC0415  see above
    from huanwei.district.plan import READER  # noqa: PLC0415

    reader = (READER, reader_password) if reader_password else None
    sources = DistrictSources(loaded, reader=reader)
    asked, empty = 0, 0
    try:
        for answer in ask_every_panel(loaded, sources):
            asked += 1
            empty += answer.empty
            found = answer.failure or (f"{answer.rows} rows" if answer.rows else "empty")
            typer.echo(f"{'     ' if answer.rows else 'EMPTY'} {found:>9}  {answer.name}")
    finally:
        sources.close()
    typer.echo(f"{asked} panels asked, {empty} empty.")
    if empty:
        raise typer.Exit(IN_THE_WAY)
