"""A district's own head: from a folder and from reviews, never in the place of a better one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.cases import Actor
from domain.problems import ProblemClass
from domain.records import VerdictState
from domain.reviews import Detection, DetectionKey, Review, ReviewAnswer
from tests.fakes.sample_pictures import jpeg_of
from vision.limited_cv2 import Picture
from vision.lite0 import FEATURES
from vision.overflow_network import (
    RUN_HEAD,
    NetworkHead,
    OverflowNetwork,
    parse_network_head,
    run_overflow_network,
    shipped_network_head,
)
from vision.training.district_head import card_of, train_head, write_head
from vision.training.overflow_examples import (
    Example,
    UnusableExamplesError,
    folder_examples,
    review_examples,
)

pytestmark = pytest.mark.takes_s(8)

AT = datetime(2026, 3, 3, tzinfo=UTC)


class BrightnessNetwork:
    """Features that say how bright a picture is, and nothing else: quick, and separable."""

    sha256 = "ab" * 32

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        features = np.zeros(FEATURES)
        angle = float(values.mean())
        features[0], features[1] = np.cos(angle), np.sin(angle)
        return features


def crop(number: int, *, overflow: bool, overlap: float = 0.0) -> Picture:
    rng = np.random.default_rng(number)
    level = (170 if overflow else 70) + overlap * float(rng.normal())
    cells = rng.integers(-25, 25, (8, 8, 1)).repeat(12, 0).repeat(10, 1).repeat(3, 2)
    return np.asarray(np.clip(level + cells, 0, 255), dtype=np.uint8)


def examples(count: int = 30, *, overlap: float = 0.0) -> list[Example]:
    return [
        Example(
            identity=f"{number:016x}",
            picture=crop(number, overflow=number % 2 == 0, overlap=overlap),
            overflow=number % 2 == 0,
            group=f"camera {number % 6}",
        )
        for number in range(count)
    ]


def head_of(weights: dict[int, float]) -> NetworkHead:
    values = np.zeros(FEATURES)
    for index, weight in weights.items():
        values[index] = weight
    return replace_weights(tuple(values.tolist()))


def replace_weights(weights: tuple[float, ...]) -> NetworkHead:
    shipped = shipped_network_head()
    return NetworkHead(
        weights=weights,
        bias=0.0,
        network_sha256=BrightnessNetwork.sha256,
        strips=shipped.strips,
        provenance=shipped.provenance,
    )


GOOD, BAD = head_of({1: 5.0}), head_of({1: -5.0})


def test_a_new_head_takes_the_place_of_a_worse_one_and_tells_where_it_comes_from(
    tmp_path: Path,
) -> None:
    trained = train_head(examples(), BrightnessNetwork(), BAD, source="a test", deals=1)

    assert trained.comparison is not None
    assert trained.comparison.new_auc > 0.95
    assert trained.comparison.old_auc < 0.05
    assert not trained.comparison.keeps_old
    path = tmp_path / RUN_HEAD
    write_head(path, trained)
    assert parse_network_head(path.read_bytes()) == trained.head
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert "15 overflow, 15 not" in card
    assert len(trained.head.trained_on) == 30


def test_a_better_head_is_kept() -> None:
    rng = np.random.default_rng(3)
    wrong = [
        replace(one, overflow=bool(rng.random() < 0.5) if index % 5 else one.overflow)
        for index, one in enumerate(examples(36, overlap=30.0))
    ]
    # What is taught is mostly noise, so the new head can only be worse than one that knows.
    trained = train_head(wrong, BrightnessNetwork(), GOOD, source="noise", deals=1)

    assert trained.comparison is not None
    assert trained.comparison.keeps_old


def test_a_head_is_not_measured_on_what_it_was_trained_on() -> None:
    taught = train_head(examples(), BrightnessNetwork(), BAD, source="first", deals=1).head

    with pytest.raises(UnusableExamplesError, match="was not trained on"):
        train_head(examples(), BrightnessNetwork(), taught, source="again", deals=1)
    elsewhere = train_head(
        examples(), BrightnessNetwork(), taught, source="again", deals=1, must_compare=False
    )
    assert elsewhere.comparison is None
    assert "trained on these very crops" in card_of(elsewhere)


@pytest.mark.parametrize("count", [0, 12])
def test_too_few_examples_are_refused(count: int) -> None:
    with pytest.raises(UnusableExamplesError):
        train_head(examples(count), BrightnessNetwork(), BAD, source="few", deals=1)


def test_near_copies_in_a_folder_are_one_group_and_inner_folders_are_groups(
    tmp_path: Path,
) -> None:
    picture = crop(1, overflow=True)
    for name in ("overflow", "not_overflow", "overflow/cam-7"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "overflow" / "a.jpg").write_bytes(jpeg_of(picture, 90))
    (tmp_path / "not_overflow" / "copy.jpg").write_bytes(jpeg_of(picture, 70))
    (tmp_path / "overflow" / "other.jpg").write_bytes(jpeg_of(crop(2, overflow=True)))
    (tmp_path / "overflow" / "cam-7" / "b.jpg").write_bytes(jpeg_of(crop(3, overflow=True)))

    groups = [one.group for one in folder_examples(tmp_path)]

    assert len(groups) == 4
    assert len(set(groups)) == 3
    assert "cam-7" in groups


def test_an_unreadable_example_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "overflow").mkdir()
    (tmp_path / "overflow" / "broken.jpg").write_bytes(jpeg_of(crop(1, overflow=True))[:200])

    with pytest.raises(UnusableExamplesError, match=r"broken\.jpg"):
        folder_examples(tmp_path)


def test_answers_about_bins_are_examples_and_each_camera_is_a_group() -> None:
    picture = np.full((360, 640, 3), 90, dtype=np.uint8)
    picture[36:180, 64:192] = 200
    detection = Detection(
        key=DetectionKey(
            device_id="cam-001",
            observed_at=AT,
            zone_id="bin-1",
            problem_class=ProblemClass.BIN_OVERFLOW,
        ),
        state=VerdictState.PRESENT,
        score=0.8,
        reasons=(),
        boxes=(),
        zone_frame=(0.1, 0.1, 0.2, 0.4),
        picture_sha256="a" * 64,
    )
    review = Review(
        detection=detection,
        answer=ReviewAnswer.REJECTED,
        answered_by=Actor.DISPATCHER,
        answered_at=AT + timedelta(minutes=1),
    )
    gone = replace(review, detection=replace(detection, picture_sha256="b" * 64))
    pictures = {"a" * 64: jpeg_of(picture, 95)}

    (found,) = review_examples([review, gone], pictures.get)

    assert (found.overflow, found.group) == (False, "camera cam-001")
    assert found.picture.shape[:2] == (144, 128)
    assert found.picture.mean() == pytest.approx(200, abs=4)


def test_a_run_uses_its_own_head_and_the_shipped_one_where_that_is_unusable(
    tmp_path: Path,
) -> None:
    shipped = run_overflow_network(tmp_path)
    own = NetworkHead(
        weights=(0.5,) * FEATURES,
        bias=0.25,
        network_sha256=shipped.network.sha256,
        strips=shipped.head.strips,
        provenance=shipped.head.provenance,
    )
    (tmp_path / RUN_HEAD).write_bytes(b"{}")
    assert run_overflow_network(tmp_path).head == shipped.head

    assert OverflowNetwork(shipped.network, own).identity != shipped.identity
    assert run_overflow_network(tmp_path).identity == shipped.identity
