"""What a picture shows, for every page alike: boxes, verdicts, and a photo with its caption."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.console.palette import Mark
from api.console.words import Words
from domain.devices import Zone, ZoneKind
from domain.records import Record, SnapshotVerdicts, Verdict, VerdictState
from domain.registry import RegistrySnapshot

VERDICT_MARKS = {
    VerdictState.PRESENT: Mark.PROBLEM,
    VerdictState.CLEAR: Mark.CLEAN,
    VerdictState.UNKNOWN: Mark.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxShape:
    """A box in a picture of 100 by 100 round something that vision saw."""

    x: float
    y: float
    width: float
    height: float
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """What vision says of one problem in one zone."""

    zone: str
    problem: str
    state: str
    score: str
    reasons: str
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoView:
    """A kept picture with what it is. ``boxes`` and ``found`` are what vision saw in it: empty for
    a person's photo, and where the verdicts are no longer kept.
    """

    sha256: str
    caption: str
    boxes: tuple[BoxShape, ...] = ()
    found: tuple[VerdictRow, ...] = ()


def camera_photo(
    sha256: str,
    caption: str,
    *,
    record: Record | None,
    registry: RegistrySnapshot,
    words: Words,
) -> PhotoView:
    """Return a picture with what its ``record`` says was found in it, None where none is kept."""
    if record is None or not isinstance(record.values, SnapshotVerdicts):
        return PhotoView(sha256=sha256, caption=caption)
    camera = registry.cameras.get(record.device_id)
    names = {} if camera is None else zone_names(camera.zones, words)
    verdicts = record.values.verdicts
    return PhotoView(
        sha256=sha256,
        caption=caption,
        boxes=box_shapes(verdicts),
        found=tuple(
            verdict_row(verdict, names.get(verdict.zone_id, verdict.zone_id), words)
            for verdict in verdicts
            if verdict.state is VerdictState.PRESENT
        ),
    )


def box_shapes(verdicts: Sequence[Verdict]) -> tuple[BoxShape, ...]:
    """Return all boxes, each in the mark of what is said of its zone and problem."""
    return tuple(
        _box_shape(box, VERDICT_MARKS[verdict.state])
        for verdict in verdicts
        for box in verdict.boxes
    )


def verdict_row(verdict: Verdict, zone: str, words: Words) -> VerdictRow:
    """Return one verdict's row; ``zone`` is the name of its zone."""
    return VerdictRow(
        zone=zone,
        problem=words.word(verdict.problem_class),
        state=words.word(verdict.state),
        score=words.share(verdict.score),
        reasons=words.joined(tuple(words.reason(code) for code in verdict.reasons)),
        mark=VERDICT_MARKS[verdict.state],
    )


def zone_names(zones: Sequence[Zone], words: Words) -> dict[str, str]:
    """Return a name for each zone, numbered where there are several of a kind."""
    names: dict[str, str] = {}
    for kind in ZoneKind:
        same = [zone for zone in zones if zone.kind is kind]
        for index, zone in enumerate(same, start=1):
            number = f" {index}" if len(same) > 1 else ""
            names[zone.zone_id] = words.word(kind) + number
    return names


def worst_by_zone(verdicts: Sequence[Verdict]) -> dict[str, Mark]:
    """Return the worst mark of each zone's verdicts."""
    order = (Mark.PROBLEM, Mark.UNKNOWN, Mark.CLEAN)
    worst: dict[str, Mark] = {}
    for verdict in verdicts:
        mark = VERDICT_MARKS[verdict.state]
        known = worst.get(verdict.zone_id, mark)
        worst[verdict.zone_id] = min(known, mark, key=order.index)
    return worst


def _box_shape(box: tuple[float, float, float, float], mark: Mark) -> BoxShape:
    x, y, width, height = (round(100 * side, 2) for side in box)
    return BoxShape(x=x, y=y, width=width, height=height, mark=mark)
