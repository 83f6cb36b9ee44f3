"""What the commands share: exit codes, options, and how rows are printed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

IN_THE_WAY, WRONG_CALL = 1, 2
"""Exit codes: the world stands in the way; the call or the settings are wrong."""

SettingsOption = Annotated[
    Path, typer.Option("--settings", help="The settings file of the run (huanwei.toml).")
]
LimitOption = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def list_rows(rows: Sequence[Mapping[str, str | int | None]], *, as_json: bool, none: str) -> None:
    """Print rows for people, one a line, or as JSON; ``none`` where there is none."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo("  ".join(str(value) for value in row.values()))
    if not rows:
        typer.echo(none)
