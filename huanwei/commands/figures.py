"""``huanwei vision figures``: what cameras take for people or vehicles that never move."""

import json
from pathlib import Path
from typing import Annotated

import typer

from huanwei.commands.options import JsonOption, SettingsOption
from huanwei.settings import load_settings


def vision_figures(
    camera: Annotated[str, typer.Argument(help="The camera's id.")],
    settings: SettingsOption = Path("huanwei.toml"),
    forget: Annotated[
        int | None, typer.Option(min=1, help="Forget the figure of that number.")
    ] = None,
    *,
    forget_all: Annotated[bool, typer.Option("--forget-all", help="Forget all of them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show where a camera keeps seeing figures that stand still; permanent ones are no movers."""
    from huanwei.camera_figures import figure_rows, forget_camera_figures  # noqa: PLC0415

    loaded = load_settings(settings)
    if forget is not None or forget_all:
        gone = forget_camera_figures(loaded, camera, None if forget_all else forget)
        typer.echo(json.dumps({"forgotten": gone}) if as_json else f"{gone} forgotten.")
        return
    rows = figure_rows(loaded, camera)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo("  ".join(f"{name}={value}" for name, value in row.items()))
    if not rows:
        typer.echo(f"{camera} knows no standing figure.")
