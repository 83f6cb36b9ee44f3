"""Quick looks at a quiet place say what full looks say."""

import hashlib

import numpy as np
import pytest

from domain.devices import Lighting
from domain.records import CameraHealth, VerdictState
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera, with_bag, with_noise
from vision.camera_health import FROZEN_AFTER
from vision.judging import CameraJudge
from vision.limited_cv2 import Picture, cv2
from vision.overflow_score import shipped_head
from vision.picture_input import UnreadablePictureError, decode_picture
from vision.quick_look import MOST_QUICK_LOOKS, SETTLED_AFTER

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
    pictures = [*[SCENE] * 8, *[change(SCENE)] * 6, *[SCENE] * 8]  # type: ignore[operator]  # two functions
    said = []
    for quick_looks in (False, True):
        judge = judge_of(quick_looks=quick_looks)
        answers = [judge.judge(jpeg_of(with_noise(p, n)))[0] for n, p in enumerate(pictures)]
        said.append([[v.state for v in values.verdicts] for values in answers])
    assert said[0] == said[1]
    assert any(VerdictState.PRESENT in states for states in said[0])


def settled_judge(picture: Picture = SCENE) -> CameraJudge:
    """Return a judge whose next look is a quick one, if nothing changes."""
    judge = judge_of(quick_looks=True)
    for number in range(SETTLED_AFTER):
        judge.judge(jpeg_of(with_noise(picture, 900 + number)))
    return judge


def test_every_snapshot_of_a_quiet_place_keeps_a_picture_and_every_fifteenth_a_large_one() -> None:
    judge = judge_of(quick_looks=True)
    widths = []
    for number in range(SETTLED_AFTER + 2 * (MOST_QUICK_LOOKS + 1)):
        values, kept = judge.judge(jpeg_of(with_noise(SCENE, number)))
        assert kept is not None
        assert hashlib.sha256(kept).hexdigest() == values.picture_sha256
        widths.append(decode_picture(kept).shape[1])
    quick = [320] * MOST_QUICK_LOOKS
    assert widths == [*[640] * SETTLED_AFTER, *quick, 640, *quick, 640]


def test_a_place_just_cleaned_keeps_large_pictures_until_it_has_settled() -> None:
    judge = settled_judge()
    dirty, clean = with_bag(SCENE), SCENE
    pictures = [*[dirty] * 6, *[clean] * (SETTLED_AFTER + 1)]
    kept = [judge.judge(jpeg_of(with_noise(p, n)))[1] for n, p in enumerate(pictures)]
    widths = [decode_picture(jpeg).shape[1] for jpeg in kept if jpeg is not None]
    assert widths == [*[640] * (6 + SETTLED_AFTER), 320]


def test_a_small_picture_hides_what_a_full_one_hides() -> None:
    """Outside the polygons all is blocks, also where the camera has shifted since its reference."""
    lines = SCENE.copy()
    lines[:, ::8] = 255 - lines[:, ::8]
    judges = [
        CameraJudge(
            street_camera(),
            lambda _: {Lighting.DAY: lines},
            head=shipped_head(),
            quick_looks=quick_looks,
        )
        for quick_looks in (False, True)
    ]
    moved = np.roll(lines, 6, axis=1)
    full: bytes | None = None
    quick: bytes | None = None
    for number in range(SETTLED_AFTER + 1):
        raw = jpeg_of(with_noise(moved, number))
        full, quick = (judge.judge(raw)[1] for judge in judges)
    assert full is not None
    assert quick is not None
    shown = decode_picture(quick)
    assert shown.shape[:2] == (180, 320)
    reduced = cv2.resize(decode_picture(full), (320, 180), interpolation=cv2.INTER_AREA)
    apart = cv2.absdiff(reduced, shown).max(axis=2)
    # Their blocks and edges may differ by a few pixels; stripes shown unhidden would be many.
    assert np.count_nonzero(apart > 60) < 0.01 * apart.size


def test_a_picture_that_stands_still_or_goes_dark_is_never_called_clear_by_a_quick_look() -> None:
    judge = settled_judge()
    still = jpeg_of(with_noise(SCENE, 1))
    healths = [judge.judge(still)[0].camera_health for _ in range(FROZEN_AFTER + 3)]
    # One snapshot later than without quick looks: the first repeat is compared with a full look.
    assert healths.index(CameraHealth.FROZEN) <= FROZEN_AFTER + 1
    judge = settled_judge()
    dark = judge.judge(jpeg_of((SCENE * 0.05).astype("uint8")))[0]
    assert dark.camera_health is CameraHealth.DARK


def test_a_cut_off_picture_is_unreadable_to_a_quick_look_too() -> None:
    judge = settled_judge()
    with pytest.raises(UnreadablePictureError):
        judge.judge(jpeg_of(with_noise(SCENE, 1))[:-9])
