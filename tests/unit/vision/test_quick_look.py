"""Quick looks at a quiet place say what full looks say."""

import pytest

from domain.devices import Lighting
from domain.records import CameraHealth, VerdictState
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera, with_bag, with_noise
from vision.camera_health import FROZEN_AFTER
from vision.judging import CameraJudge
from vision.limited_cv2 import Picture, cv2
from vision.overflow_score import shipped_head
from vision.picture_input import UnreadablePictureError
from vision.quick_look import MOST_QUICK_LOOKS

SCENE = clean_scene()


def judge_of(*, quick_looks: bool) -> CameraJudge:
    return CameraJudge(
        street_camera(),
        lambda _: {Lighting.DAY: SCENE},
        head=shipped_head(),
        quick_looks=quick_looks,
    )


def with_litter(picture: Picture) -> Picture:
    shown = picture.copy()
    # As bright as the paving, of another colour.
    for number in range(5):
        cv2.rectangle(shown, (100 + 60 * number, 300), (120 + 60 * number, 320), (60, 150, 200), -1)
    return shown


@pytest.mark.parametrize("change", [with_bag, with_litter])
def test_alarms_come_at_the_same_snapshots_as_from_full_looks(change: object) -> None:
    pictures = [*[SCENE] * 5, *[change(SCENE)] * 6, *[SCENE] * 5]  # type: ignore[operator]  # two functions
    said = []
    for quick_looks in (False, True):
        judge = judge_of(quick_looks=quick_looks)
        answers = [judge.judge(jpeg_of(with_noise(p, n)))[0] for n, p in enumerate(pictures)]
        said.append([[v.state for v in values.verdicts] for values in answers])
    assert said[0] == said[1]
    assert any(VerdictState.PRESENT in states for states in said[0])


def test_a_quiet_place_keeps_every_tenth_picture() -> None:
    judge = judge_of(quick_looks=True)
    kept = [judge.judge(jpeg_of(with_noise(SCENE, n)))[1] is not None for n in range(21)]
    assert [n for n, is_kept in enumerate(kept) if is_kept] == [0, 10, 20]
    assert MOST_QUICK_LOOKS == 9


def test_a_picture_that_stands_still_or_goes_dark_is_never_called_clear_by_a_quick_look() -> None:
    judge = judge_of(quick_looks=True)
    judge.judge(jpeg_of(with_noise(SCENE, 0)))
    still = jpeg_of(with_noise(SCENE, 1))
    healths = [judge.judge(still)[0].camera_health for _ in range(FROZEN_AFTER + 3)]
    assert healths[-1] is CameraHealth.FROZEN
    judge = judge_of(quick_looks=True)
    judge.judge(jpeg_of(with_noise(SCENE, 0)))
    dark = judge.judge(jpeg_of((SCENE * 0.05).astype("uint8")))[0]
    assert dark.camera_health is CameraHealth.DARK


def test_a_cut_off_picture_is_unreadable_to_a_quick_look_too() -> None:
    judge = judge_of(quick_looks=True)
    judge.judge(jpeg_of(with_noise(SCENE, 0)))
    with pytest.raises(UnreadablePictureError):
        judge.judge(jpeg_of(with_noise(SCENE, 1))[:-9])
