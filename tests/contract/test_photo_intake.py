"""One suite over the photo intakes, real and fake."""

import hashlib

import cv2
import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from domain.ports.photo_intake import PhotoIntake, PhotoRefusal, RefusedPhotoError
from tests.fakes.trusting_photo_intake import TrustingPhotoIntake
from vision.metrics import PhotoMetrics
from vision.photo_intake import ProcessPhotoIntake


@pytest.fixture(params=["process", "trusting"])
def intake(request: pytest.FixtureRequest) -> PhotoIntake:
    if request.param == "trusting":
        return TrustingPhotoIntake()
    return ProcessPhotoIntake(metrics=PhotoMetrics(CollectorRegistry()))


def photo() -> bytes:
    pixels = np.random.default_rng(5).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    _, encoded = cv2.imencode(".jpg", pixels)
    return encoded.tobytes()


def test_an_admitted_photo_is_a_jpeg_named_by_its_content(intake: PhotoIntake) -> None:
    admitted = intake.admit(photo())
    assert admitted.jpeg.startswith(b"\xff\xd8\xff")
    assert admitted.sha256 == hashlib.sha256(admitted.jpeg).hexdigest()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", PhotoRefusal.EMPTY),
        (b"%PDF-1.7 no picture", PhotoRefusal.NOT_A_PICTURE),
        (b"\xff\xd8\xff" + bytes(6 * 1024 * 1024), PhotoRefusal.TOO_LARGE),
    ],
    ids=["empty", "pdf", "large"],
)
def test_what_is_no_photo_is_refused_with_its_reason(
    intake: PhotoIntake, raw: bytes, reason: PhotoRefusal
) -> None:
    with pytest.raises(RefusedPhotoError) as refused:
        intake.admit(raw)
    assert refused.value.reason is reason
