"""What time and place of a photo say against it."""

from datetime import timedelta

import pytest

from domain.photo_evidence import (
    PhotoDoubt,
    PhotoEvidence,
    PhotoLimits,
    ProofCircumstances,
    distance_m,
    doubts_by_metadata,
)
from domain.places import GeoPoint
from tests.fakes.manual_clock import ManualClock

PHOTO = "a" * 64
PLACE = GeoPoint(latitude_deg=30.0, longitude_deg=110.0)
NOW = ManualClock().now()
GIVEN = ProofCircumstances(filed_at=NOW - timedelta(hours=3), sent_at=NOW, place=PLACE)


def doubts(
    taken: timedelta | None = None, north_m: float | None = None
) -> list[tuple[PhotoDoubt, int | None, int | None]]:
    """What is held against a photo taken so long ago, so far north of the place."""
    location = None
    if north_m is not None:
        location = GeoPoint(latitude_deg=30.0 + north_m / 111_195, longitude_deg=110.0)
    evidence = PhotoEvidence(
        fingerprint=0, taken_at=None if taken is None else NOW - taken, location=location
    )
    found = doubts_by_metadata(PHOTO, evidence, GIVEN, PhotoLimits())
    return [(doubt.doubt, doubt.early_min, doubt.distance_m) for doubt in found]


@pytest.mark.parametrize("taken", [None, timedelta(minutes=1), timedelta(minutes=59)])
def test_a_fresh_photo_and_one_without_a_time_are_not_doubted(taken: timedelta | None) -> None:
    assert doubts(taken) == []


def test_a_phone_whose_clock_is_ahead_is_not_doubted() -> None:
    assert doubts(timedelta(days=-3)) == []


def test_an_old_photo_is_doubted_and_one_from_before_the_case_for_that() -> None:
    assert doubts(timedelta(minutes=90)) == [(PhotoDoubt.TAKEN_LONG_BEFORE, 90, None)]
    assert doubts(timedelta(hours=3, minutes=4)) == [(PhotoDoubt.TAKEN_LONG_BEFORE, 184, None)]
    assert doubts(timedelta(hours=5)) == [(PhotoDoubt.TAKEN_BEFORE_CASE, 120, None)]


@pytest.mark.parametrize(
    ("north_m", "told_m"), [(0, None), (199, None), (260, 300), (1_440, 1_000), (45_400, 45_000)]
)
def test_a_photo_from_elsewhere_is_doubted_with_a_rough_distance(
    north_m: float, told_m: int | None
) -> None:
    wanted = [] if told_m is None else [(PhotoDoubt.ELSEWHERE, None, told_m)]
    assert doubts(north_m=north_m) == wanted


def test_distances_are_great_circles() -> None:
    beijing = GeoPoint(latitude_deg=39.9042, longitude_deg=116.4074)
    shanghai = GeoPoint(latitude_deg=31.2304, longitude_deg=121.4737)
    assert distance_m(beijing, shanghai) == pytest.approx(1_067_000, rel=0.005)
    assert distance_m(PLACE, PLACE) == 0


def test_a_place_never_shows_in_a_text() -> None:
    assert "110" not in repr(PhotoEvidence(fingerprint=0, location=PLACE))
