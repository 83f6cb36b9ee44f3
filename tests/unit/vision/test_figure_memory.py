"""What a finder keeps taking for somebody at one spot is learned and dropped; a person never is."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.devices import Lighting
from domain.problems import ProblemClass
from domain.records import SnapshotVerdicts, VerdictState
from tests.fakes.manual_clock import ManualClock
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera, with_bag, with_noise
from vision.figure_file import figures_path, forget_figures, read_figures
from vision.figure_memory import FigureMemory
from vision.judging import CameraJudge
from vision.limited_cv2 import Picture, bytes_of, cv2
from vision.movers import Frame
from vision.overflow_score import shipped_head
from vision.picture_input import decode_picture
from vision.references import smooth_lab
from vision.standing_figures import ASKED_EVERY, MOST_FIGURES, PERMANENT_AFTER

GRAIN = 0.5
PILLAR = (210, 170, 40, 140)
"""On a picture of 640 x 360; at work size three quarters of that."""

SCENE = clean_scene()
cv2.rectangle(SCENE, PILLAR[:2], (PILLAR[0] + PILLAR[2], PILLAR[1] + PILLAR[3]), (90, 95, 150), -1)
CLEAN = smooth_lab(bytes_of(cv2.resize(SCENE, (480, 270), interpolation=cv2.INTER_AREA)))
ANYWHERE: tuple[Frame, ...] = ((0, 0, 9, 9),)


class PillarFinder:
    """Takes the pillar for somebody in nine of ten pictures, as detectors do."""

    def __init__(self) -> None:
        self.looks = 0

    def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        if not near:
            return ()
        self.looks += 1
        if self.looks % 10 == 0:
            return ()
        scale, jitter = picture.shape[1] / 640, self.looks % 3 - 1
        x, y, wide, high = (round(scale * side) for side in PILLAR)
        return ((x + jitter, y, wide, high + jitter),)


class LivePillarFinder(PillarFinder):
    """As it, but blind to a picture without a sensor's grain: to the clean reference."""

    def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float64)
        grain = np.abs(grey[1:] - grey[:-1])[-20:].mean()
        return super().movers_near(picture, near) if grain > GRAIN else ()


def memory_at(folder: Path, clock: ManualClock) -> FigureMemory:
    return FigureMemory(PillarFinder(), path=figures_path(folder, "cam-01"), now=clock.now)


def small(picture: Picture) -> Picture:
    return bytes_of(cv2.resize(picture, (480, 270), interpolation=cv2.INTER_AREA))


def pass_by(memory: FigureMemory, clock: ManualClock, picture: Picture, times: int) -> None:
    """Let the finder's times come round, in a picture with nothing new in it."""
    for _ in range(times):
        clock.advance(seconds=ASKED_EVERY.total_seconds())
        memory.begin(picture, Lighting.DAY, CLEAN)


def learn(memory: FigureMemory, clock: ManualClock) -> None:
    """Let the pillar be noticed once, as when something lies beside it, and then looked for."""
    picture = small(SCENE)
    memory.begin(picture, Lighting.DAY, CLEAN)
    assert memory.movers_near(picture, ANYWHERE), "for now it is somebody"
    pass_by(memory, clock, picture, PERMANENT_AFTER + 4)


def permanent(memory: FigureMemory) -> list[int]:
    return [figure.number for figure in memory.figures if figure.is_permanent]


def with_somebody_before_the_pillar() -> Picture:
    shown = SCENE.copy()
    x, y, wide, high = PILLAR
    cv2.rectangle(shown, (x, y), (x + wide, y + high), (40, 200, 60), -1)
    cv2.rectangle(shown, (x, y), (x + wide, y + 45), (150, 170, 210), -1)
    return shown


def test_what_is_seen_at_one_spot_for_four_hours_is_no_mover_from_then_on(tmp_path: Path) -> None:
    clock = ManualClock()
    memory = memory_at(tmp_path, clock)
    learn(memory, clock)
    assert permanent(memory) == [1]
    picture = small(SCENE)
    memory.begin(picture, Lighting.DAY, CLEAN)
    assert memory.movers_near(picture, ANYWHERE) == ()
    last = read_figures(figures_path(tmp_path, "cam-01"))[0]
    assert last.last_seen - last.first_seen >= timedelta(hours=4)


def test_who_stands_before_it_is_still_somebody(tmp_path: Path) -> None:
    clock = ManualClock()
    memory = memory_at(tmp_path, clock)
    learn(memory, clock)
    shown = small(with_somebody_before_the_pillar())
    memory.begin(shown, Lighting.DAY, CLEAN)
    assert len(memory.movers_near(shown, ANYWHERE)) == 1


def test_what_parks_at_one_spot_every_night_is_never_permanent(tmp_path: Path) -> None:
    clock = ManualClock()
    memory = memory_at(tmp_path, clock)
    parked, empty = small(with_somebody_before_the_pillar()), small(SCENE)
    told = 0
    for _ in range(3):
        for _ in range(6 * 8):
            clock.advance(seconds=ASKED_EVERY.total_seconds())
            memory.begin(parked, Lighting.NIGHT, CLEAN)
            told += len(memory.movers_near(parked, ANYWHERE))
        for _ in range(6):
            clock.advance(hours=2)
            memory.begin(empty, Lighting.DAY, CLEAN)
    assert permanent(memory) == []
    assert told >= 0.8 * 3 * 6 * 8


def test_what_was_learned_though_the_clean_place_lacks_it_is_somebody_again(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    memory = memory_at(tmp_path, clock)
    learn(memory, clock)
    picture = small(SCENE)
    memory.begin(picture, Lighting.DAY, smooth_lab(small(clean_scene())))
    assert len(memory.movers_near(picture, ANYWHERE)) == 1


def test_in_another_light_it_is_learned_anew(tmp_path: Path) -> None:
    clock = ManualClock()
    memory = memory_at(tmp_path, clock)
    learn(memory, clock)
    picture = small(SCENE)
    memory.begin(picture, Lighting.NIGHT, CLEAN)
    assert len(memory.movers_near(picture, ANYWHERE)) == 1


def test_a_bag_at_its_foot_does_not_make_it_somebody(tmp_path: Path) -> None:
    clock = ManualClock()
    memory = memory_at(tmp_path, clock)
    learn(memory, clock)
    picture = small(with_bag(SCENE, x=230, y=290, radius=26))
    memory.begin(picture, Lighting.DAY, CLEAN)
    assert memory.movers_near(picture, ANYWHERE) == ()


def test_the_finder_is_asked_again_as_it_was_asked_when_it_saw_it(tmp_path: Path) -> None:
    class OfOneScale(PillarFinder):
        """Sees the pillar only when asked about what lies at its foot, as HOG does by its scale."""

        def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
            return super().movers_near(picture, near) if near[0] == (150, 200, 40, 36) else ()

    clock, picture = ManualClock(), small(SCENE)
    memory = FigureMemory(OfOneScale(), path=figures_path(tmp_path, "cam-01"), now=clock.now)
    memory.begin(picture, Lighting.DAY, CLEAN)
    assert memory.movers_near(picture, ((150, 200, 40, 36),))
    pass_by(memory, clock, picture, PERMANENT_AFTER + 4)
    assert permanent(memory) == [1]


def test_a_passer_by_is_forgotten_at_the_next_look(tmp_path: Path) -> None:
    clock = ManualClock()
    memory = memory_at(tmp_path, clock)
    shown = small(with_somebody_before_the_pillar())
    memory.begin(shown, Lighting.DAY, CLEAN)
    memory.movers_near(shown, ANYWHERE)
    assert [figure.seen for figure in memory.figures] == [1]
    pass_by(memory, clock, small(clean_scene()), 1)
    assert memory.figures == ()


def test_it_outlives_a_restart_and_can_be_forgotten_by_hand_while_it_is_used(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    learn(memory_at(tmp_path, clock), clock)
    again = memory_at(tmp_path, clock)
    pass_by(again, clock, small(SCENE), 1)
    assert permanent(again) == [1]
    assert forget_figures(tmp_path, "cam-01", 2) == 0
    assert forget_figures(tmp_path, "cam-01", 1) == 1
    pass_by(again, clock, small(SCENE), 1)
    assert again.figures == ()


def test_once_taken_away_it_is_forgotten_after_three_days_not_after_a_van_for_a_day(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    memory = memory_at(tmp_path, clock)
    learn(memory, clock)
    pass_by(memory, clock, small(clean_scene()), 6 * 24)
    assert [figure.number for figure in memory.figures] == [1]
    pass_by(memory, clock, small(clean_scene()), 6 * 49)
    assert memory.figures == ()


@pytest.mark.parametrize("content", [b"", b"{", b'[{"number":0}]', b"\xff\xfe" * 40])
def test_a_file_that_cannot_be_used_counts_as_nothing_learned(
    tmp_path: Path, content: bytes
) -> None:
    path, clock = figures_path(tmp_path, "cam-01"), ManualClock()
    path.write_bytes(content)
    assert read_figures(path) == ()
    memory = memory_at(tmp_path, clock)
    learn(memory, clock)
    assert permanent(memory) == [1]
    assert len(read_figures(path)) == 1, "and the file is a good one again"


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("in the way")
    clock = ManualClock()
    memory = memory_at(tmp_path / "figures", clock)
    learn(memory, clock)
    assert permanent(memory) == [1]


def test_a_crowd_leaves_a_bounded_memory_and_nobody_permanent(tmp_path: Path) -> None:
    class Crowd:
        def __init__(self) -> None:
            self._rng = np.random.default_rng(5)

        def movers_near(self, picture: Picture, near: tuple[Frame, ...]) -> tuple[Frame, ...]:
            assert picture.shape == (270, 480, 3)
            at = self._rng.integers(0, (440, 200), (5, 2))
            return tuple((int(x), int(y), 20, 60) for x, y in at) if near else ()

    clock = ManualClock()
    memory = FigureMemory(Crowd(), path=figures_path(tmp_path, "cam-01"), now=clock.now)
    for _ in range(200):
        clock.advance(minutes=1)
        picture = small(SCENE)
        memory.begin(picture, Lighting.DAY, CLEAN)
        memory.movers_near(picture, ANYWHERE)
        assert len(memory.figures) <= MOST_FIGURES
    assert permanent(memory) == []


def watch(
    judge: CameraJudge, clock: ManualClock, picture: Picture, times: int
) -> list[tuple[SnapshotVerdicts, bytes | None]]:
    seen = []
    for number in range(times):
        clock.advance(minutes=1)
        seen.append(judge.judge(jpeg_of(with_noise(picture, number))))
    return seen


def bagged(values: SnapshotVerdicts) -> VerdictState:
    wanted = ProblemClass.BAGGED_WASTE_ON_GROUND
    return next(v.state for v in values.verdicts if v.problem_class is wanted)


def test_a_bag_at_a_pillar_is_told_once_the_pillar_is_learned_and_people_stay_hidden(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    memory = FigureMemory(LivePillarFinder(), path=figures_path(tmp_path, "cam-01"), now=clock.now)
    judge = CameraJudge(
        street_camera(), lambda _: {Lighting.DAY: SCENE}, head=shipped_head(), finder=memory
    )
    bag = with_bag(SCENE, x=230, y=290, radius=26)
    before = watch(judge, clock, bag, 14)
    assert {bagged(values) for values, _ in before[1:]} == {VerdictState.UNKNOWN}
    watch(judge, clock, SCENE, 1)
    pass_by(memory, clock, small(with_noise(SCENE, 77)), PERMANENT_AFTER + 4)
    assert permanent(memory) != []

    # Somebody stops before it: never waste, and in no kept picture.
    shown = with_somebody_before_the_pillar()
    x, y, wide, _ = PILLAR
    neck = (slice(y + 38, y + 52), slice(x + 4, x + wide - 4))
    for values, kept in watch(judge, clock, shown, 9):
        assert VerdictState.PRESENT not in {verdict.state for verdict in values.verdicts}
        assert kept is not None
        # Where face and coat meet is one sharp step; in blocks it is none of these.
        step = np.abs(np.diff(decode_picture(kept)[neck].astype(np.int16), axis=0)).max()
        assert step < np.abs(np.diff(shown[neck].astype(np.int16), axis=0)).max() / 2
    watch(judge, clock, SCENE, 3)
    after = watch(judge, clock, bag, 6)
    assert bagged(after[-1][0]) is VerdictState.PRESENT
