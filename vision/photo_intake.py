"""Admits photos that people send; every photo is opened in a limited process of its own."""

import hashlib
import json
import subprocess
import threading
from datetime import datetime

import structlog

from domain.photo_evidence import PhotoEvidence
from domain.places import GeoPoint
from domain.ports.photo_intake import AdmittedPhoto, PhotoRefusal, RefusedPhotoError
from vision.metrics import PhotoMetrics
from vision.process_limits import child_command, child_environment

_log = structlog.get_logger()

MOST_PHOTO_BYTES = 6 * 1024 * 1024
MOST_JPEG_BYTES = 256 * 1024
DEADLINE_S = 12.0
_AT_ONCE = 2
_WAIT_FOR_TURN_S = 15.0

_REFUSALS = {
    b"empty": PhotoRefusal.EMPTY,
    b"too_many_bytes": PhotoRefusal.TOO_LARGE,
    b"too_many_pixels": PhotoRefusal.TOO_MANY_PIXELS,
    b"too_many_scans": PhotoRefusal.TOO_SLOW,
}


class ProcessPhotoIntake:
    """Fulfils ``domain.ports.photo_intake.PhotoIntake``. Thread-safe; two photos at a time.

    A photo that kills its process, or takes more than ``deadline_s``, is refused and harms no
    other. ``command`` is what opens a photo (standard input to standard output).
    """

    def __init__(
        self,
        *,
        metrics: PhotoMetrics,
        deadline_s: float = DEADLINE_S,
        command: tuple[str, ...] | None = None,
    ) -> None:
        self._metrics = metrics
        self._deadline_s = deadline_s
        self._command = list(command) if command else child_command("vision.photo_process")
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def admit(self, raw: bytes) -> AdmittedPhoto:
        """Return what may be kept of a photo; raise ``RefusedPhotoError``."""
        try:
            photo = self._admit(raw)
        except RefusedPhotoError as error:
            self._metrics.photos.labels(error.reason.value).inc()
            raise
        self._metrics.photos.labels("admitted").inc()
        return photo

    def _admit(self, raw: bytes) -> AdmittedPhoto:
        if not raw:
            raise RefusedPhotoError(PhotoRefusal.EMPTY)
        if len(raw) > MOST_PHOTO_BYTES:
            raise RefusedPhotoError(PhotoRefusal.TOO_LARGE)
        if not self._turns.acquire(timeout=_WAIT_FOR_TURN_S):
            raise RefusedPhotoError(PhotoRefusal.UNAVAILABLE)
        try:
            answer = self._open(raw)
        finally:
            self._turns.release()
        if answer.startswith(b"-"):
            raise RefusedPhotoError(_REFUSALS.get(answer[1:], PhotoRefusal.NOT_A_PICTURE))
        line, _, jpeg = answer[1:].partition(b"\n")
        if not answer.startswith(b"+") or not 0 < len(jpeg) <= MOST_JPEG_BYTES:
            raise RefusedPhotoError(PhotoRefusal.NOT_A_PICTURE)
        return AdmittedPhoto(
            sha256=hashlib.sha256(jpeg).hexdigest(), jpeg=jpeg, evidence=_evidence_of(line)
        )

    def _open(self, raw: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603  our own module, fixed arguments
                self._command,
                input=raw,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=child_environment(),
                timeout=self._deadline_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RefusedPhotoError(PhotoRefusal.TOO_SLOW) from error
        except OSError as error:
            _log.error("photo_process_not_started", error=str(error))
            raise RefusedPhotoError(PhotoRefusal.UNAVAILABLE) from error
        if done.returncode != 0:
            _log.warning("photo_process_died", exit_code=done.returncode, size_bytes=len(raw))
            raise RefusedPhotoError(PhotoRefusal.NOT_A_PICTURE)
        return done.stdout


def _evidence_of(line: bytes) -> PhotoEvidence:
    """Return what the photo's own process read. A hostile photo may have taken it over."""
    try:
        told = json.loads(line)
        taken_at, location = told.get("taken_at"), told.get("location")
        return PhotoEvidence(
            fingerprint=int(told["fingerprint"], 16),
            taken_at=None if taken_at is None else datetime.fromisoformat(taken_at),
            location=None if location is None else _point(*location),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RefusedPhotoError(PhotoRefusal.NOT_A_PICTURE) from error


def _point(latitude_deg: float, longitude_deg: float) -> GeoPoint:
    return GeoPoint(latitude_deg=latitude_deg, longitude_deg=longitude_deg)
