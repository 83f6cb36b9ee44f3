"""``huanwei vision ...``: what cameras see, and how well."""

import json
from pathlib import Path
from typing import Annotated

import typer

from huanwei.commands.figures import vision_figures
from huanwei.commands.options import IN_THE_WAY, JsonOption
from huanwei.commands.zones import vision_rescore, vision_train, zones_app

vision_app = typer.Typer(no_args_is_help=True, help="What cameras see.")
evaluate_app = typer.Typer(no_args_is_help=True, help="How well vision does on known pictures.")
vision_app.add_typer(evaluate_app, name="evaluate")
vision_app.add_typer(zones_app, name="zones")
vision_app.command(name="train")(vision_train)
vision_app.command(name="rescore")(vision_rescore)
vision_app.command(name="figures")(vision_figures)


@vision_app.command(name="check")
def vision_check(
    pictures: Annotated[list[Path], typer.Argument(help="Photographs (JPEG or PNG).")],
    bin_box: Annotated[
        str | None,
        typer.Option("--bin", help="x,y,width,height of the bin in pixels; default: all of it."),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Score real photographs of bins for overflow, and say whether they can be judged at all."""
    from huanwei.picture_check import check_pictures  # noqa: PLC0415

    findings, all_readable = check_pictures(pictures, bin_box)
    typer.echo(
        json.dumps(findings, ensure_ascii=False)
        if as_json
        else "\n".join(
            "  ".join(f"{name}={value}" for name, value in finding.items()) for finding in findings
        )
    )
    if not all_readable:
        raise typer.Exit(IN_THE_WAY)


@evaluate_app.command(name="litter")
def vision_evaluate_litter(
    events: Annotated[Path, typer.Argument(help="events.json; its clips lie beside it.")],
    detector: Annotated[
        Path | None, typer.Option(help="ONNX file that finds people and vehicles.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Count the left objects found, missed and falsely told on clips of fixed cameras, as JSON."""
    from huanwei.vision_evaluation import litter_report  # noqa: PLC0415

    report = litter_report(events, detector)
    typer.echo(json.dumps(report, ensure_ascii=False, indent=None if as_json else 2))


@evaluate_app.command(name="overflow")
def vision_evaluate_overflow(
    folder: Annotated[Path, typer.Argument(help="overflow/ and not_overflow/: crops of one bin.")],
    calibrate: Annotated[
        Path | None, typer.Option(help="At least 20 normal crops of that camera or source.")
    ] = None,
    backbone: Annotated[
        Path | None, typer.Option(help="Another ONNX file of the same network.")
    ] = None,
    head: Annotated[
        Path | None, typer.Option(help="A head that `vision train` made; default: the shipped one.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Measure how well overfull bins are told from others; intervals are 95 %."""
    from huanwei.overflow_evaluation import overflow_report  # noqa: PLC0415

    report = overflow_report(folder, normals=calibrate, backbone=backbone, head=head)
    typer.echo(json.dumps(report, ensure_ascii=False, indent=None if as_json else 2))


@vision_app.command(name="calibrate")
def vision_calibrate(
    camera: Annotated[str, typer.Argument(help="The camera's id in the registry.")],
    normals: Annotated[Path, typer.Argument(help="At least 20 crops of its bins, none overfull.")],
    references: Annotated[Path, typer.Option(help="The run's folder of references.")] = Path(
        "references"
    ),
) -> None:
    """Set from which score on the bins of one camera are overfull."""
    from huanwei.overflow_evaluation import calibrate_camera  # noqa: PLC0415

    typer.echo(json.dumps(calibrate_camera(camera, normals, references), ensure_ascii=False))
