"""A photo intake that looks at the first bytes only."""

import hashlib

from domain.photo_evidence import PhotoEvidence
from domain.ports.photo_intake import AdmittedPhoto, PhotoRefusal, RefusedPhotoError

JPEG_START = b"\xff\xd8\xff"
_MOST_BYTES = 6 * 1024 * 1024


class TrustingPhotoIntake:
    """Fulfils ``domain.ports.photo_intake.PhotoIntake``; takes whatever begins like a JPEG as it
    is, and ``evidence`` for what a test says of it. ``admitted`` counts.
    """

    def __init__(self) -> None:
        self.admitted = 0
        self.evidence: dict[bytes, PhotoEvidence] = {}

    def admit(self, raw: bytes) -> AdmittedPhoto:
        if not raw:
            raise RefusedPhotoError(PhotoRefusal.EMPTY)
        if len(raw) > _MOST_BYTES:
            raise RefusedPhotoError(PhotoRefusal.TOO_LARGE)
        if not raw.startswith(JPEG_START):
            raise RefusedPhotoError(PhotoRefusal.NOT_A_PICTURE)
        self.admitted += 1
        return AdmittedPhoto(
            sha256=hashlib.sha256(raw).hexdigest(), jpeg=raw, evidence=self.evidence.get(raw)
        )
