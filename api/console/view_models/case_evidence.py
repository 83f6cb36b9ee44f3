"""What speaks for and against a case's end: a camera's pictures before and after, and doubts about
the photos of its crew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.case_records import CaseLogEntry
from alerts.proof_photos import NotedDoubt
from api.console.view_models.pictures import PhotoView, camera_photo
from api.console.words import Words
from domain.alerts import Alert
from domain.cases import Actor, CaseAction
from domain.photo_evidence import DoubtfulPhoto
from domain.problems import ProblemClass
from domain.records import Record, SnapshotVerdicts
from domain.registry import RegistrySnapshot

_METRES_A_KILOMETRE = 1000
CLEAN_FOR = timedelta(minutes=30)
"""So long a person's word that a place is clean is taken for how it looks now."""

_CHECKS = (CaseAction.CONFIRM_CLEAN, CaseAction.SEND_BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePair:
    """What one camera saw before and after, what the check made of it, and why."""

    before: PhotoView | None
    after: PhotoView
    result: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtRow:
    """A doubted photo with what is held against it; ``like`` is the picture that it resembles."""

    text: str
    photo: PhotoView
    like: PhotoView | None
    like_href: str | None


def just_called_clean(log: Sequence[CaseLogEntry], now: datetime) -> bool:
    """Return whether the case's last move was a person's, not the machine's, word that all is
    clean, a short while ago.
    """
    moves = [entry for entry in log if isinstance(entry.action, CaseAction)]
    if not moves:
        return False
    newest = max(moves, key=lambda entry: entry.at)
    return (
        newest.action is CaseAction.CONFIRM_CLEAN
        and newest.actor is not Actor.MACHINE_VERIFICATION
        and now - newest.at <= CLEAN_FOR
    )


def evidence_pairs(
    problem_class: ProblemClass,
    *,
    log: Sequence[CaseLogEntry],
    alerts: Sequence[Alert],
    snapshots: Mapping[str, Record],
    registry: RegistrySnapshot,
    words: Words,
) -> tuple[EvidencePair, ...]:
    """Return every machine check with the newest earlier alert's picture of the same camera.

    ``snapshots``: the verdicts of pictures by the picture's hash, as far as they are still kept.
    """
    pairs = []
    for entry in log:
        if entry.actor is not Actor.MACHINE_VERIFICATION or entry.action not in _CHECKS:
            continue
        for sha256 in entry.photos:
            after = snapshots.get(sha256)
            if after is None:
                continue
            earlier = [
                record
                for alert in alerts
                if (record := snapshots.get(alert.picture_sha256 or "")) is not None
                and record.device_id == after.device_id
                and record.observed_at < after.observed_at
            ]
            before = max(earlier, key=lambda record: record.observed_at, default=None)
            pairs.append(
                EvidencePair(
                    before=None if before is None else _seen(before, registry, words),
                    after=_seen(after, registry, words),
                    result=words.word(entry.action),
                    reason=_reason(after, problem_class, words),
                )
            )
    return tuple(pairs)


def doubt_rows(doubts: Sequence[NotedDoubt], words: Words) -> tuple[DoubtRow, ...]:
    """Return the doubts, the newest proof's first."""
    rows = []
    for noted in sorted(doubts, key=lambda noted: noted.noted_at, reverse=True):
        photo = noted.photo
        like = None
        if photo.like_sha256 is not None:
            number = noted.like_number or photo.like_case_id or ""
            like = PhotoView(
                sha256=photo.like_sha256, caption=words.say("doubt.like", number=number)
            )
        rows.append(
            DoubtRow(
                text=doubt_text(photo, words),
                photo=PhotoView(
                    sha256=photo.sha256,
                    caption=words.joined(
                        (words.say("doubt.this_photo"), words.time(noted.noted_at))
                    ),
                ),
                like=like,
                like_href=f"/cases/{photo.like_case_id}" if photo.like_case_id else None,
            )
        )
    return tuple(rows)


def doubt_text(photo: DoubtfulPhoto, words: Words) -> str:
    """Return a doubt in words, with how far or how early."""
    detail = ""
    if photo.distance_m is not None:
        far = photo.distance_m >= _METRES_A_KILOMETRE
        number = photo.distance_m // _METRES_A_KILOMETRE if far else photo.distance_m
        detail = words.say("doubt.distance_km" if far else "doubt.distance_m", number=number)
    elif photo.early_min is not None:
        duration = words.duration(timedelta(minutes=photo.early_min))
        detail = words.say("doubt.early", duration=duration)
    return words.joined((words.word(photo.doubt), detail))


def _seen(record: Record, registry: RegistrySnapshot, words: Words) -> PhotoView:
    values = record.values
    sha256 = values.picture_sha256 if isinstance(values, SnapshotVerdicts) else None
    caption = words.joined((record.device_id, words.time(record.observed_at)))
    return camera_photo(sha256 or "", caption, record=record, registry=registry, words=words)


def _reason(record: Record, problem_class: ProblemClass, words: Words) -> str:
    """Return what the check's picture says of the case's problem, or of all that it shows."""
    values = record.values
    if not isinstance(values, SnapshotVerdicts):
        return ""
    same = [verdict for verdict in values.verdicts if verdict.problem_class is problem_class]
    told = {
        f"{words.word(verdict.problem_class)}: {words.word(verdict.state)}"
        + "".join(f" ({words.reason(code)})" for code in verdict.reasons)
        for verdict in same or values.verdicts
    }
    return words.joined(sorted(told))
