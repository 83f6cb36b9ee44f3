"""Photos that people send, each opened by a real process of its own."""

import hashlib
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from domain.photo_evidence import alike
from domain.ports.photo_intake import PhotoIntake, PhotoRefusal, RefusedPhotoError
from tests.fakes.exif_samples import exif_segment, with_segment
from tests.fakes.sample_pictures import clean_scene, jpeg_of, png_of
from vision.fingerprint import fingerprint_of
from vision.limited_cv2 import bytes_of, cv2
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


def test_what_a_photo_tells_of_itself_comes_beside_it_and_never_in_it() -> None:
    segment = exif_segment(taken="2026:03:03 10:00:00", at=(31.2304, 121.4737), orientation=6)
    admitted = intake_with().admit(with_segment(PHOTO, segment))
    told = admitted.evidence
    assert told is not None
    assert told.taken_at == datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
    assert told.location is not None
    assert told.location.latitude_deg == pytest.approx(31.2304, abs=1e-4)
    assert b"Exif" not in admitted.jpeg
    kept = bytes_of(cv2.imdecode(np.frombuffer(admitted.jpeg, np.uint8), cv2.IMREAD_COLOR))
    assert alike(told.fingerprint, fingerprint_of(kept))
    assert kept.shape[0] > kept.shape[1], "turned upright before its fingerprint was taken"


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
    lies = [
        intake_with((sys.executable, "-c", f"print({line!r} + chr(10) + 'jpeg')"))
        for line in ("+[]", '+{"fingerprint": -1}', '+{"fingerprint": "0", "location": [999, 0]}')
    ]
    for lying in lies:
        assert refusal_of(lying, PHOTO) is PhotoRefusal.NOT_A_PICTURE
    assert refusal_of(dies, PHOTO) is PhotoRefusal.NOT_A_PICTURE
    assert refusal_of(hangs, PHOTO) is PhotoRefusal.TOO_SLOW
    assert refusal_of(floods, PHOTO) is PhotoRefusal.NOT_A_PICTURE
    assert refusal_of(missing, PHOTO) is PhotoRefusal.UNAVAILABLE


def test_photos_of_several_people_at_once_are_all_admitted() -> None:
    intake = intake_with()
    with ThreadPoolExecutor(4) as pool:
        admitted = list(pool.map(intake.admit, [PHOTO] * 4))
    assert len({photo.sha256 for photo in admitted}) == 1
