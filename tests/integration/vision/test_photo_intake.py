"""Photos that people send, each opened by a real process of its own."""

import hashlib
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from domain.ports.photo_intake import PhotoIntake, PhotoRefusal, RefusedPhotoError
from tests.fakes.sample_pictures import clean_scene, jpeg_of, png_of
from vision.limited_cv2 import cv2
from vision.metrics import PhotoMetrics
from vision.photo_intake import ProcessPhotoIntake

PHOTO = jpeg_of(np.asarray(cv2.resize(clean_scene(), (2000, 1125)), dtype=np.uint8))


def intake_with(command: tuple[str, ...] | None = None, deadline_s: float = 20.0) -> PhotoIntake:
    metrics = PhotoMetrics(CollectorRegistry())
    return ProcessPhotoIntake(metrics=metrics, command=command, deadline_s=deadline_s)


def refusal_of(intake: PhotoIntake, raw: bytes) -> PhotoRefusal:
    with pytest.raises(RefusedPhotoError) as caught:
        intake.admit(raw)
    return caught.value.reason


def with_exif(jpeg: bytes, note: bytes) -> bytes:
    body = b"Exif\x00\x00" + note
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def test_an_admitted_photo_is_small_and_carries_nothing_of_the_phone() -> None:
    raw = with_exif(PHOTO, b"GPS 31.2304 121.4737") + b"<script>alert(1)</script>"
    admitted = intake_with().admit(raw)
    shown = cv2.imdecode(np.frombuffer(admitted.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (720, 1280, 3)
    assert len(admitted.jpeg) <= 256 * 1024
    assert admitted.sha256 == hashlib.sha256(admitted.jpeg).hexdigest()
    for trace in (b"GPS", b"Exif", b"script"):
        assert trace not in admitted.jpeg


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", PhotoRefusal.EMPTY),
        (bytes(6 * 1024 * 1024 + 1), PhotoRefusal.TOO_LARGE),
        (b"%PDF-1.7" + bytes(100), PhotoRefusal.NOT_A_PICTURE),
        (PHOTO[:-100], PhotoRefusal.NOT_A_PICTURE),
        (png_of(clean_scene()).replace(b"\x00\x00\x02\x80", b"\x00\x01\xff\xff", 1), None),
    ],
    ids=["empty", "too large", "not a picture", "cut off", "forged size"],
)
def test_what_is_no_photo_is_refused_with_its_reason(
    raw: bytes, reason: PhotoRefusal | None
) -> None:
    assert refusal_of(intake_with(), raw) is (reason or PhotoRefusal.NOT_A_PICTURE)


def test_a_photo_that_kills_or_hangs_its_process_is_refused_and_harms_no_other() -> None:
    dies = intake_with((sys.executable, "-c", "import os; os.abort()"))
    hangs = intake_with((sys.executable, "-c", "import time; time.sleep(60)"), deadline_s=0.5)
    floods = intake_with((sys.executable, "-c", "print('+' + 'x' * 400000)"))
    missing = intake_with(("/no/such/program",))
    assert refusal_of(dies, PHOTO) is PhotoRefusal.NOT_A_PICTURE
    assert refusal_of(hangs, PHOTO) is PhotoRefusal.TOO_SLOW
    assert refusal_of(floods, PHOTO) is PhotoRefusal.NOT_A_PICTURE
    assert refusal_of(missing, PHOTO) is PhotoRefusal.UNAVAILABLE


def test_photos_of_several_people_at_once_are_all_admitted() -> None:
    intake = intake_with()
    with ThreadPoolExecutor(4) as pool:
        admitted = list(pool.map(intake.admit, [PHOTO] * 4))
    assert len({photo.sha256 for photo in admitted}) == 1
