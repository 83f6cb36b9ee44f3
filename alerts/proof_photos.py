"""The fingerprints of all proof photos, and what makes those of a new proof doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, delete, func, insert, select

from alerts.schema import photo_doubts, proof_photos
from domain.photo_evidence import (
    ALIKE_BITS,
    FINGERPRINT_BITS,
    DoubtfulPhoto,
    PhotoDoubt,
    PhotoEvidence,
    alike,
)

MOST_KEPT = 100_000
"""Of older ones the fingerprint is forgotten: a case's two photos, some ten thousand cases."""

_BYTES = FINGERPRINT_BITS // 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPhoto:
    """A photo of a proof, in the picture store already."""

    sha256: str
    evidence: PhotoEvidence


class ProofPhotos:
    """Compares with the kept fingerprints. They are read once and then only what is new.

    Every method is called inside a write transaction of its store, so one at a time.
    """

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._numbers: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._fingerprints: NDArray[np.uint64] = np.empty((0, 2), dtype=np.uint64)

    def likenesses(
        self, connection: Connection, case_id: str, photos: Sequence[ProofPhoto]
    ) -> list[DoubtfulPhoto]:
        """Return which photos resemble each other, an earlier proof or one of another case."""
        self._read_on(connection)
        found = []
        for index, photo in enumerate(photos):
            twin = next(
                (
                    other
                    for other in photos[:index]
                    if alike(photo.evidence.fingerprint, other.evidence.fingerprint)
                ),
                None,
            )
            doubt = self._known(connection, case_id, photo)
            if twin is not None:
                found.append(
                    DoubtfulPhoto(
                        sha256=photo.sha256,
                        doubt=PhotoDoubt.SAME_VIEW,
                        like_case_id=case_id,
                        like_sha256=twin.sha256,
                    )
                )
            if doubt is not None:
                found.append(doubt)
        return found

    def keep(
        self, connection: Connection, case_id: str, photos: Sequence[ProofPhoto], now: datetime
    ) -> None:
        """Keep the fingerprints of a proof; forget the oldest beyond the limit."""
        for photo in photos:
            connection.execute(
                insert(proof_photos).values(
                    case_id=case_id,
                    sha256=photo.sha256,
                    sent_at=now,
                    fingerprint=photo.evidence.fingerprint.to_bytes(_BYTES, "big"),
                )
            )
        newest = connection.execute(select(func.max(proof_photos.c.number))).scalar() or 0
        forgotten = proof_photos.c.number <= newest - self._most_kept
        connection.execute(delete(proof_photos).where(forgotten))

    def _read_on(self, connection: Connection) -> None:
        last = int(self._numbers[-1]) if self._numbers.size else 0
        rows = connection.execute(
            select(proof_photos.c.number, proof_photos.c.fingerprint)
            .where(proof_photos.c.number > last)
            .order_by(proof_photos.c.number)
        ).all()
        if not rows:
            return
        numbers = np.array([row.number for row in rows], dtype=np.int64)
        new = np.frombuffer(b"".join(row.fingerprint for row in rows), dtype=">u8").reshape(-1, 2)
        self._numbers = np.concatenate([self._numbers, numbers])[-self._most_kept :]
        self._fingerprints = np.concatenate([self._fingerprints, new.astype(np.uint64)])[
            -self._most_kept :
        ]

    def _known(
        self, connection: Connection, case_id: str, photo: ProofPhoto
    ) -> DoubtfulPhoto | None:
        nearest = self.nearest(photo.evidence.fingerprint)
        if nearest is None:
            return None
        row = connection.execute(
            select(proof_photos.c.case_id, proof_photos.c.sha256).where(
                proof_photos.c.number == nearest
            )
        ).first()
        if row is None:
            return None
        here = row.case_id == case_id
        return DoubtfulPhoto(
            sha256=photo.sha256,
            doubt=PhotoDoubt.SENT_BEFORE if here else PhotoDoubt.OF_ANOTHER_CASE,
            like_case_id=row.case_id,
            like_sha256=row.sha256,
        )

    def nearest(self, fingerprint: int) -> int | None:
        """Return the number of the kept photo that is most alike, None when none is alike."""
        if not self._numbers.size:
            return None
        wanted = np.frombuffer(fingerprint.to_bytes(_BYTES, "big"), dtype=">u8").astype(np.uint64)
        halves = np.bitwise_count(self._fingerprints ^ wanted)
        differing = halves[:, 0] + halves[:, 1]
        best = int(differing.argmin())
        return int(self._numbers[best]) if differing[best] <= ALIKE_BITS else None


def note_doubts(
    connection: Connection, case_id: str, doubts: Sequence[DoubtfulPhoto], now: datetime
) -> None:
    """Write why the photos of a proof are doubted."""
    for doubt in doubts:
        connection.execute(
            insert(photo_doubts).values(
                case_id=case_id,
                noted_at=now,
                sha256=doubt.sha256,
                doubt=str(doubt.doubt),
                like_case_id=doubt.like_case_id,
                like_sha256=doubt.like_sha256,
                distance_m=doubt.distance_m,
                early_min=doubt.early_min,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedDoubt:
    """A doubt as it was noted when the proof came; ``like_number`` is the other case's number."""

    noted_at: datetime
    photo: DoubtfulPhoto
    like_number: str | None


def noted_doubt_of(row: Row[Any]) -> NotedDoubt:
    """Return the doubt of a row of ``photo_doubts`` with the other case's ``like_number``."""
    return NotedDoubt(
        noted_at=row.noted_at,
        photo=DoubtfulPhoto(
            sha256=row.sha256,
            doubt=PhotoDoubt(row.doubt),
            like_case_id=row.like_case_id,
            like_sha256=row.like_sha256,
            distance_m=row.distance_m,
            early_min=row.early_min,
        ),
        like_number=row.like_number,
    )
