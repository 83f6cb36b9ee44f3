from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.sample_pictures import clean_scene, jpeg_of, with_heaped_bin
from texts.catalogue import Locale, load_catalogues
from vision.check import BinBoxError, check_picture, parse_bin_box
from vision.overflow_features import FEATURES, overflow_features
from vision.overflow_score import (
    RIM_HALF,
    UnusableHeadError,
    chance_of,
    combined_score,
    parse_head,
    shipped_head,
)
from vision.picture_input import UnreadablePictureError
from vision.reasons import Reason
from vision.training.train_overflow_head import area_under_curve, main, read_training_set


def test_the_shipped_head_says_where_it_comes_from_and_how_good_it_is() -> None:
    provenance = shipped_head().provenance
    assert "none stated" in provenance.licence_of_data
    assert 0.5 < provenance.auc_low < provenance.auc < provenance.auc_high < 1


@pytest.mark.parametrize("size", [(8, 8), (101, 64), (640, 640), (9, 400)])
def test_every_crop_has_forty_finite_features(size: tuple[int, int]) -> None:
    crop = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    features = overflow_features(crop)
    assert features.shape == (FEATURES,)
    assert np.isfinite(features).all()


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_head_can_tip_a_borderline_strip_but_never_outvote_it(now: float, clean: float) -> None:
    assert combined_score(rim_share=0.0, logit=now, clean_logit=clean) < 0.1
    assert combined_score(rim_share=2 * RIM_HALF, logit=now, clean_logit=clean) > 0.9


def test_more_above_the_rim_is_never_a_lower_score() -> None:
    scores = [combined_score(rim_share=s / 50, logit=0, clean_logit=0) for s in range(51)]
    assert scores == sorted(scores)
    assert chance_of(-1e9) >= 0.0


def test_a_head_for_other_features_is_refused() -> None:
    good = msgspec.json.decode(msgspec.json.encode(shipped_head()))
    for change in ({"weights": [0.0] * 3}, {"scales": [0.0] * FEATURES}, {"surplus": 1}):
        with pytest.raises(UnusableHeadError):
            parse_head(msgspec.json.encode({**good, **change}))


def test_the_area_under_the_curve_counts_ties_half() -> None:
    labels = np.array([0.0, 0.0, 1.0, 1.0])
    assert area_under_curve(np.array([0.0, 1.0, 2.0, 3.0]), labels) == 1.0
    assert area_under_curve(np.array([3.0, 2.0, 1.0, 0.0]), labels) == 0.0
    assert area_under_curve(np.zeros(4), labels) == 0.5


def test_training_learns_from_labelled_crops_and_writes_a_head(tmp_path: Path) -> None:
    rows = ["file,label,group,licence,note"]
    (tmp_path / "overflow_crops").mkdir()
    for number in range(24):
        full = number % 2 == 1
        picture = clean_scene(number)
        crop = (with_heaped_bin(picture) if full else picture)[50:216, 256:352]
        name = f"overflow_crops/{number}.jpg"
        (tmp_path / name).write_bytes(jpeg_of(crop.copy()))
        label = "overflow" if full else "not_overflow"
        rows.append(f"{name},{label},g{number // 2 if number % 4 else 50 + number},made up,")
    (tmp_path / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    output = tmp_path / "head.json"
    assert main([str(tmp_path), str(output)]) == 0
    head = parse_head(output.read_bytes())
    assert head.provenance.pictures == 24
    assert head.provenance.auc > 0.8


def test_training_names_a_picture_it_cannot_read(tmp_path: Path) -> None:
    rows = "file,label,group,licence,note\novervlow_crops/1.jpg,overflow,g1,x,\n"
    (tmp_path / "manifest.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(ValueError, match="no overflow_crops"):
        read_training_set(tmp_path)
    (tmp_path / "manifest.csv").write_text(rows.replace("vlow", "flow"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"1\.jpg: not a readable picture"):
        read_training_set(tmp_path)


def test_a_photograph_is_checked_and_its_bin_scored() -> None:
    raw = jpeg_of(with_heaped_bin(clean_scene()))
    check = check_picture(raw, bin_box=(256, 50, 96, 166))
    assert (check.width_px, check.height_px, check.camera_health.value) == (640, 360, "ok")
    assert check.overflow_score is not None
    assert check_picture(raw).overflow_score is None
    assert check.as_json()["bin"] == [256, 50, 96, 166]


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "1,2,3,4,5", "1.5,2,3,4"])
def test_a_box_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BinBoxError):
        parse_bin_box(text)


@pytest.mark.parametrize("text", ["-5,0,50,50", "600,0,50,50", "0,0,5,50", "0,330,50,50"])
def test_a_box_outside_the_picture_or_too_small_is_refused(text: str) -> None:
    with pytest.raises(BinBoxError):
        check_picture(jpeg_of(clean_scene()), bin_box=parse_bin_box(text))


def test_a_file_that_is_no_picture_is_refused() -> None:
    with pytest.raises(UnreadablePictureError):
        check_picture(b"%PDF-1.7")


@pytest.mark.parametrize("locale", list(Locale))
def test_every_reason_can_be_read_by_people(locale: Locale) -> None:
    catalogue = load_catalogues()
    for reason in Reason:
        assert catalogue.word(reason, locale)
