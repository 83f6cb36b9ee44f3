"""``make bench-vision DATA=folder``: how well vision does on pictures with known truth.

``DIR/fixed_camera/events.json`` lists clips with left objects, ``DIR/overflow_crops`` holds
``overflow/`` and ``not_overflow/``. The shipped overflow head may have been trained on those very
crops; docs/vision.md says how it does on others.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from huanwei.command_line import app
from tests.benchmarks.masking import print_masking
from tests.benchmarks.surroundings import print_surroundings
from vision.detector_file import load_detector
from vision.evaluation.clips import Clip, load_clips, snapshots_of
from vision.evaluation.disturbances import DISTURBANCES, Disturbance
from vision.evaluation.litter import ClipFindings, evaluate_clip
from vision.evaluation.planted import plant
from vision.limited_cv2 import Picture
from vision.movers import MoverFinder

EVALUATIONS = {"litter": "fixed_camera/events.json", "overflow": "overflow_crops"}


def run_commands(folder: Path) -> None:
    """Print what the commands say of the folder."""
    for name, where in EVALUATIONS.items():
        if (folder / where).exists():
            answer = CliRunner().invoke(app, ["vision", "evaluate", name, str(folder / where)])
            print(f"## huanwei vision evaluate {name} {where}\n\n{answer.output}", flush=True)


def print_disturbed(clips: tuple[Clip, ...], finder: MoverFinder | None) -> None:
    """Print what each rendered disturbance does to every clip."""
    print("## Disturbances rendered over the clips, never over their references\n")
    print(
        "disturbance | clip | found | latency | false tracks | clean with alarm | unknown | health"
    )
    for name, disturb in DISTURBANCES.items():
        for clip in clips:
            found = evaluate_clip(clip, detector=finder, disturb=disturb)
            print(f"{name} | {_row(found)}", flush=True)


def _row(found: ClipFindings) -> str:
    latency = ", ".join(map(str, found.latencies)) or "-"
    return (
        f"{found.name} | {found.found} of {found.objects} | {latency} | {found.false_tracks} | "
        f"{found.clean_alarms} of {found.clean_snapshots} | "
        f"{found.unknown} of {found.snapshots} | {found.bad_health}"
    )


def print_planted(clips: tuple[Clip, ...], seeds: int, finder: MoverFinder | None) -> None:
    """Print how many of the things planted on the clips are found, one thing a run."""
    print("\n## Litter of 10 pixels at 320, rendered onto the clips, one piece a run\n")
    print("disturbance | clip | found | latencies, sorted | other tracks in all runs")
    for name, disturb in DISTURBANCES.items():
        for clip in clips:
            found = [_planted(clip, seed, disturb, finder) for seed in range(seeds)]
            latencies = sorted(latency for one in found for latency in one.latencies)
            others = sum(one.false_tracks for one in found)
            hits = sum(one.found for one in found)
            print(f"{name} | {clip.name} | {hits} of {seeds} | {latencies} | {others}", flush=True)


def _planted(
    clip: Clip, seed: int, disturb: Disturbance, finder: MoverFinder | None
) -> ClipFindings:
    reference, _ = snapshots_of(replace(clip, clean_to=clip.clean_from + 2))
    height, width = reference.shape[:2]
    with_thing, draw = plant(clip, seed, width_px=width, height_px=height)
    # Only the planted thing counts as found; a track of the clip's own object is an "other".
    planted = replace(with_thing, objects=with_thing.objects[-1:])

    def both(picture: Picture, number: int) -> Picture:
        return disturb(draw(picture, number), number)

    return evaluate_clip(planted, detector=finder, disturb=both)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--detector", type=Path, help="an ONNX file, as the command takes it")
    parser.add_argument("--seeds", type=int, default=6, help="planted things a clip")
    options = parser.parse_args()
    finder = None if options.detector is None else load_detector(options.detector)
    clips = load_clips(options.folder / EVALUATIONS["litter"])
    print_surroundings("What vision sees")
    run_commands(options.folder)
    print_disturbed(clips, finder)
    print_planted(clips, options.seeds, finder)
    print_masking(clips, options.folder)


if __name__ == "__main__":
    main()
