"""The simulated camera's pictures through the whole judging: tests code paths, not accuracy."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.problems import ProblemClass
from domain.records import CameraHealth, SnapshotVerdicts, VerdictState
from firmware_sim.camera_geometry import HEIGHT_PX, WIDTH_PX
from firmware_sim.ground import GroundItem, GroundKind, PlaceTruth
from firmware_sim.scene import walkers_at
from tests.fakes.rendered_camera import RenderedCamera
from tests.fakes.sample_pictures import jpeg_of
from vision.judging import CameraJudge
from vision.limited_cv2 import Mask, Picture, cv2
from vision.masking import pixelate
from vision.overflow_score import shipped_head
from vision.picture_input import decode_picture
from vision.zones import polygon_mask

pytestmark = pytest.mark.takes_s(8)

SEED = 11
DAYTIME = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
TIMES = {
    "morning": datetime(2026, 3, 1, 22, 40, tzinfo=UTC),
    "noon": DAYTIME,
    "dusk": datetime(2026, 3, 2, 10, 30, tzinfo=UTC),
    "night": datetime(2026, 3, 2, 14, 0, tzinfo=UTC),
}
CASES = {
    "tidy": (0.4, (), frozenset[ProblemClass]()),
    "overfull": (1.1, (), frozenset({ProblemClass.BIN_OVERFLOW})),
    "bag": (0.4, ((GroundKind.BAG, 0.45),), frozenset({ProblemClass.BAGGED_WASTE_ON_GROUND})),
    "heap": (0.4, ((GroundKind.HEAP, 1.4),), frozenset({ProblemClass.EXPOSED_WASTE})),
    "litter": (0.4, ((GroundKind.LITTER, 0.2),) * 6, frozenset({ProblemClass.SCATTERED_LITTER})),
}
K = 4
DIFFERS, SHARP, BLOCKS_TELL = 40, 20, 30
"""Brightness steps: more than noise; still the same after encoding; blocks would look different."""


class Scene:
    """One simulated camera and its judge."""

    def __init__(self, *, quick_looks: bool = False) -> None:
        self._rendered = RenderedCamera(SEED)
        self.judge = CameraJudge(
            self._rendered.camera,
            lambda _: self._rendered.references(),
            head=shipped_head(),
            quick_looks=quick_looks,
        )

    def look(
        self,
        at: datetime,
        level: float,
        items: tuple[tuple[GroundKind, float], ...],
        step: float = 0.13,
    ) -> tuple[SnapshotVerdicts, bytes | None]:
        return self.judge.judge(jpeg_of(self.picture(at, level, items, step)))

    def picture(
        self,
        at: datetime,
        level: float,
        items: tuple[tuple[GroundKind, float], ...],
        step: float = 0.13,
    ) -> Picture:
        """Return what the camera sees."""
        truth = PlaceTruth(
            place_id="place-1",
            at=at,
            levels={"container-1": level, "container-2": 0.3},
            ground=tuple(
                GroundItem(
                    item_id=f"item-{number}",
                    kind=kind,
                    x=0.15 + step * number,
                    y=0.35 + step * 8 / 13 * number,
                    size_m=size_m,
                    dropped_at=at,
                )
                for number, (kind, size_m) in enumerate(items)
            ),
        )
        return self._rendered.snapshot(truth)

    def watched(self) -> Mask:
        """Return (height, width) bool: inside any polygon of the camera."""
        shown = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.bool_)
        for zone in self._rendered.camera.zones:
            shown |= polygon_mask(zone.polygon, WIDTH_PX, HEIGHT_PX)
        return shown

    def with_people_and_without(self, at: datetime) -> tuple[Picture, Picture]:
        """Return the tidy place as its camera sees it, and with nobody there."""
        truth = PlaceTruth(
            place_id="place-1", at=at, levels={"container-1": 0.2, "container-2": 0.3}, ground=()
        )
        return (
            self._rendered.snapshot(truth),
            self._rendered.renderer.quiet_snapshot(self._rendered.viewpoint, truth, at),
        )


def quiet_minutes(start: datetime, count: int) -> list[datetime]:
    """Return minutes from ``start`` on in which nobody walks by."""
    found: list[datetime] = []
    at = start
    while len(found) < count:
        if not walkers_at(SEED, "cam-01", at):
            found.append(at)
        at += timedelta(minutes=1)
    return found


def present_in(values: SnapshotVerdicts) -> frozenset[ProblemClass]:
    return frozenset(v.problem_class for v in values.verdicts if v.state is VerdictState.PRESENT)


@pytest.mark.parametrize("time", list(TIMES))
@pytest.mark.parametrize("case", list(CASES))
def test_what_the_simulator_drew_is_what_vision_says(time: str, case: str) -> None:
    level, items, expected = CASES[case]
    scene = Scene()
    minutes = quiet_minutes(TIMES[time], K)
    for at in minutes[: K - 1]:
        values, jpeg = scene.look(at, level, items)
        assert (values.camera_health, present_in(values)) == (CameraHealth.OK, frozenset())
        assert jpeg is not None
    values, _ = scene.look(minutes[K - 1], level, items)
    assert present_in(values) == expected
    # Beside waste of one kind on the ground no other kind is called clear; all else is clear.
    dirty = {v.zone_id for v in values.verdicts if v.state is VerdictState.PRESENT}
    elsewhere = [v for v in values.verdicts if v.zone_id not in dirty]
    assert {v.state for v in elsewhere} == {VerdictState.CLEAR}


def test_nobody_who_walks_by_is_sharp_in_a_kept_picture() -> None:
    scene = Scene()
    start = TIMES["morning"] + timedelta(minutes=30)
    watched = scene.watched()
    of_people, sharp_of_people, of_ground, sharp_of_ground = 0, 0, 0, 0
    for minute in range(40):
        at = start + timedelta(minutes=minute)
        if not walkers_at(SEED, "cam-01", at):
            continue
        picture, empty = scene.with_people_and_without(at)
        _, kept = scene.judge.judge(jpeg_of(picture, quality=95))
        assert kept is not None
        same = np.asarray(cv2.absdiff(decode_picture(kept), picture)).max(axis=2) < SHARP
        told = np.asarray(cv2.absdiff(pixelate(picture), picture)).max(axis=2) > BLOCKS_TELL
        people = np.asarray(cv2.absdiff(picture, empty)).max(axis=2) > DIFFERS
        people &= watched
        ground = ~people & watched
        of_people += int(np.count_nonzero(people & told))
        sharp_of_people += int(np.count_nonzero(people & told & same))
        of_ground += int(np.count_nonzero(ground & told))
        sharp_of_ground += int(np.count_nonzero(ground & told & same))
    assert of_people > 1_000, "people walked there at all"
    assert sharp_of_people <= 0.01 * of_people
    assert sharp_of_ground >= 0.3 * of_ground, "the ground itself is shown"


def test_a_swept_place_is_clear_with_the_first_snapshot_after_sweeping() -> None:
    scene = Scene()
    minutes = quiet_minutes(DAYTIME, K + 1)
    for at in minutes[:K]:
        scene.look(at, 1.1, ((GroundKind.BAG, 0.45),))
    values, _ = scene.look(minutes[K], 0.0, ())
    assert {v.state for v in values.verdicts} == {VerdictState.CLEAR}


def test_passers_by_of_a_whole_rush_hour_are_never_waste() -> None:
    scene = Scene()
    start, walked = TIMES["morning"] + timedelta(minutes=30), 0
    for minute in range(90):
        at = start + timedelta(minutes=minute)
        values, _ = scene.look(at, 0.4, ())
        walked += bool(walkers_at(SEED, "cam-01", at))
        assert not present_in(values)
    assert walked >= 3


def test_waste_survives_the_change_from_day_to_night() -> None:
    scene = Scene()
    dusk = datetime(2026, 3, 2, 10, 46, tzinfo=UTC)
    seen = [scene.look(at, 1.1, ())[0] for at in quiet_minutes(dusk, 16)]
    for values in seen:
        assert values.camera_health is CameraHealth.OK
        bin_1 = next(v for v in values.verdicts if v.zone_id == "bin-1")
        assert bin_1.state is not VerdictState.CLEAR
    assert present_in(seen[-1]) == {ProblemClass.BIN_OVERFLOW}


def test_bags_put_down_beside_each_other_one_by_one_are_bags_not_a_heap() -> None:
    scene = Scene()
    row = tuple(((GroundKind.BAG, 0.5),) * count for count in range(2, 7))
    minutes = quiet_minutes(DAYTIME, 2 * K + len(row) * K)
    present: list[frozenset[ProblemClass]] = []
    for number, at in enumerate(minutes):
        items = row[min(number // K, len(row) - 1)]
        present.append(present_in(scene.look(at, 0.4, items, step=0.055)[0]))
    assert present[-1] == {ProblemClass.BAGGED_WASTE_ON_GROUND}
    assert not any(ProblemClass.EXPOSED_WASTE in found for found in present)
    at_once = Scene()
    last = [present_in(at_once.look(at, 0.4, row[-1], step=0.055)[0]) for at in minutes[:K]][-1]
    assert last == {ProblemClass.EXPOSED_WASTE}
