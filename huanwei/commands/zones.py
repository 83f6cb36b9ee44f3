"""``huanwei vision train | rescore | zones ...``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huanwei.commands.options import IN_THE_WAY, JsonOption, SettingsOption
from huanwei.settings import load_settings

if TYPE_CHECKING:
    from vision.rescore import Progress

zones_app = typer.Typer(no_args_is_help=True, help="How a camera is calibrated.")
_SETTINGS = Path("huanwei.toml")


def vision_train(
    folder: Annotated[Path, typer.Argument(help="overflow/ and not_overflow/: crops of one bin.")],
    settings: SettingsOption = _SETTINGS,
    out: Annotated[Path | None, typer.Option(help="Write it here, however it compares.")] = None,
    *,
    reviews: Annotated[
        bool, typer.Option("--reviews", help="Learn from people's answers too.")
    ] = False,
) -> None:
    """Train a head for the overflow network; it takes the present one's place only if no worse."""
    from huanwei.vision_work import train  # noqa: PLC0415

    report, is_written = train(load_settings(settings), folder, with_reviews=reviews, out=out)
    typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    if not is_written:
        typer.echo("The present head stays: the new one is not shown to be as good.", err=True)
        raise typer.Exit(IN_THE_WAY)


def vision_rescore(
    archive: Annotated[Path, typer.Argument(help="A folder of pictures for each camera's id.")],
    out: Annotated[Path, typer.Argument(help="Where the results go; what is there is kept.")],
    settings: SettingsOption = _SETTINGS,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes at once; all cores without it.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Judge an archive of pictures again; ended, it goes on where it was."""
    from huanwei.vision_work import rescore_archive  # noqa: PLC0415

    def show(progress: "Progress") -> None:
        if not as_json:
            typer.echo(f"{progress.done} of {progress.of} pictures", err=True)

    ended = rescore_archive(
        load_settings(settings), archive, out, workers=workers, on_progress=show
    )
    report = {"pictures": ended.of, "done": ended.done, "failed_segments": ended.failed}
    typer.echo(json.dumps(report))
    if ended.failed:
        raise typer.Exit(IN_THE_WAY)


@zones_app.command(name="export")
def zones_export(
    camera: Annotated[str, typer.Argument(help="The camera's id in the registry.")],
    settings: SettingsOption = _SETTINGS,
) -> None:
    """Print a camera's zones, references and threshold as JSON."""
    from huanwei.vision_work import export_zones  # noqa: PLC0415

    typer.echo(export_zones(load_settings(settings), camera).decode(), nl=False)


@zones_app.command(name="import")
def zones_import(
    camera: Annotated[str, typer.Argument(help="The camera's id in the registry.")],
    file: Annotated[Path, typer.Argument(help="What export printed, edited; - is the input.")],
    settings: SettingsOption = _SETTINGS,
    note: Annotated[str, typer.Option(help="What was changed.")] = "",
) -> None:
    """Put a calibration in force as a new version; the edge takes it over within seconds."""
    from huanwei.vision_work import import_zones  # noqa: PLC0415

    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    number = import_zones(load_settings(settings), camera, raw, note=note)
    typer.echo(f"Version {number} of {camera} is in force.")
