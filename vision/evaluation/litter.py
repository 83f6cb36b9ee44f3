"""How well left objects are found on clips of fixed cameras: ``huanwei vision evaluate litter``.

The clips go through the very judging that watches a district's cameras, one snapshot a second.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from domain.devices import Camera, Lighting, Zone, ZoneKind
from domain.records import CameraHealth, VerdictState
from vision.camera_setup import prepare_camera
from vision.evaluation.clips import Clip, load_clips, snapshots_of
from vision.evaluation.disturbances import Disturbance, undisturbed
from vision.evaluation.rates import count_interval, f1_interval, share_interval
from vision.evaluation.tracks import Sighting, is_false, is_of, join_tracks
from vision.judge_snapshot import CameraState, JudgedSnapshot, judge_snapshot
from vision.movers import MoverFinder
from vision.overflow_score import shipped_head
from vision.persistence import DEFAULT_SNAPSHOTS
from vision.zones import work_size

_GONE_SLACK_S = 5.0
"""An object may still be reported so long after it was taken away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFindings:
    """What was found on one clip; latencies and times are in snapshots and hours."""

    name: str
    snapshots: int
    hours: float
    objects: int
    found: int
    latencies: tuple[int, ...]
    false_tracks: int
    clean_snapshots: int
    clean_alarms: int
    unknown: int
    bad_health: int
    false_boxes: tuple[tuple[int, tuple[float, ...]], ...]

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {
            "snapshots": self.snapshots,
            "objects": self.objects,
            "found": self.found,
            "latency_snapshots": list(self.latencies),
            "false_tracks": self.false_tracks,
            "false_tracks_per_hour": round(self.false_tracks / self.hours, 1)
            if self.hours
            else None,
            "clean_snapshots": self.clean_snapshots,
            "clean_snapshots_with_false_alarm": self.clean_alarms,
            "snapshots_with_unknown_verdicts": self.unknown,
            "snapshots_in_bad_health": self.bad_health,
            "false_tracks_at": [
                {"frame": frame, "box": [round(side, 1) for side in box]}
                for frame, box in self.false_boxes
            ],
        }


def evaluate_litter(
    events: Path,
    *,
    snapshots_needed: int = DEFAULT_SNAPSHOTS,
    detector: MoverFinder | None = None,
    disturb: Disturbance = undisturbed,
) -> dict[str, object]:
    """Evaluate all clips of a list, and return JSON values.

    Raises :class:`vision.evaluation.clips.UnusableClipError`.
    """
    return summary_of(
        [
            evaluate_clip(
                clip, snapshots_needed=snapshots_needed, detector=detector, disturb=disturb
            )
            for clip in load_clips(events)
        ]
    )


def evaluate_clip(
    clip: Clip,
    *,
    snapshots_needed: int = DEFAULT_SNAPSHOTS,
    detector: MoverFinder | None = None,
    disturb: Disturbance = undisturbed,
) -> ClipFindings:
    """Evaluate one clip. ``disturb`` is rendered over every snapshot, never over the reference."""
    reference, snapshots = snapshots_of(clip)
    height, width = reference.shape[:2]
    setup = prepare_camera(
        _camera_of(clip),
        {Lighting.DAY: reference},
        width_px=width,
        height_px=height,
        head=shipped_head(),
        snapshots_needed=snapshots_needed,
        finder=detector,
    )
    state = CameraState()
    judged: list[tuple[int, JudgedSnapshot]] = []
    for number, (frame, picture) in enumerate(snapshots):
        answer = judge_snapshot(setup, state, disturb(picture, number))
        state = answer.state
        # Of a long clip only what was found is kept, not the memory of every snapshot.
        judged.append((frame, replace(answer, state=CameraState(), picture=None, passing=None)))
    scale = width / work_size(width, height)[0]
    return _findings(clip, judged, scale)


def _camera_of(clip: Clip) -> Camera:
    return Camera(
        device_id="clip",
        place_id="clip",
        gateway_id="clip",
        snapshot_url="http://clip.invalid/snapshot.jpg",
        snapshot_interval_s=1,
        zones=(Zone(zone_id="ground", kind=ZoneKind.GROUND, polygon=clip.roi),),
        sign_posted=False,
        legal_basis="a recorded clip",
    )


def _findings(
    clip: Clip, judged: Sequence[tuple[int, JudgedSnapshot]], scale: float
) -> ClipFindings:
    sightings = [
        Sighting(
            snapshot=number,
            frame=frame,
            box=tuple(side * scale for side in piece.box),  # type: ignore[arg-type]  # four sides
        )
        for number, (frame, answer) in enumerate(judged)
        for piece in answer.pieces
    ]
    slack = _GONE_SLACK_S * clip.fps
    false = [t for t in join_tracks(sightings) if is_false(t, clip.objects, slack)]
    latencies = tuple(
        latency
        for truth in clip.objects
        if (latency := _latency([s for s in sightings if is_of(s, truth)], truth.start, judged))
        is not None
    )
    clean = [
        any(
            s.frame == frame and not any(is_of(s, t, slack) for t in clip.objects)
            for s in sightings
        )
        for frame, _ in judged
        if frame < clip.clean_to
    ]
    healths = [answer.values.camera_health for _, answer in judged]
    return ClipFindings(
        name=clip.name,
        snapshots=len(judged),
        hours=len(judged) / 3600.0,
        objects=len(clip.objects),
        found=len(latencies),
        latencies=latencies,
        false_tracks=len(false),
        clean_snapshots=len(clean),
        clean_alarms=sum(clean),
        unknown=sum(
            any(v.state is VerdictState.UNKNOWN for v in answer.values.verdicts)
            for _, answer in judged
        ),
        bad_health=sum(health is not CameraHealth.OK for health in healths),
        false_boxes=tuple((t.sightings[0].frame, t.sightings[0].box) for t in false),
    )


def _latency(
    seen: Sequence[Sighting], start: int, judged: Sequence[tuple[int, JudgedSnapshot]]
) -> int | None:
    """Return how many snapshots it took, the first in which the object lies there counted as 1."""
    if not seen:
        return None
    first = min(sighting.snapshot for sighting in seen)
    return sum(frame >= start for frame, _ in judged[: first + 1])


def summary_of(clips: Sequence[ClipFindings]) -> dict[str, object]:
    """Return all clips together and each by itself, as JSON values."""
    objects, found = sum(c.objects for c in clips), sum(c.found for c in clips)
    false, hours = sum(c.false_tracks for c in clips), sum(c.hours for c in clips)
    clean, alarms = sum(c.clean_snapshots for c in clips), sum(c.clean_alarms for c in clips)
    missed = objects - found
    latencies = [latency for clip in clips for latency in clip.latencies]
    low, high = count_interval(false)
    return {
        "counts": {
            "clips": len(clips),
            "snapshots": sum(c.snapshots for c in clips),
            "objects": objects,
            "found": found,
            "false_tracks": false,
            "clean_snapshots": clean,
            "clean_snapshots_with_false_alarm": alarms,
        },
        "minutes": round(60.0 * hours, 2),
        "recall": _share(found, objects),
        "precision": _share(found, found + false),
        "f1": {
            "value": _ratio(2 * found, 2 * found + false + missed),
            "interval_95": _rounded(f1_interval(found, false, missed)),
        },
        "clean_false_alarm_share": _share(alarms, clean),
        "false_tracks_per_hour": {
            "value": _ratio(false, hours),
            "interval_95": _rounded((low / hours, high / hours)) if hours else None,
        },
        "latency_snapshots": {
            "median": statistics.median(latencies) if latencies else None,
            "largest": max(latencies, default=None),
        },
        "cameras": {clip.name: clip.as_json() for clip in clips},
    }


def _share(hits: int, of: int) -> dict[str, object]:
    return {"value": _ratio(hits, of), "interval_95": _rounded(share_interval(hits, of))}


def _ratio(value: float, of: float) -> float | None:
    return round(value / of, 4) if of else None


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(bound, 4) for bound in interval]
