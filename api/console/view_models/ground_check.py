"""Emptied, then swept? The verdict, why, and the pictures from before and of the check."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.rules.ground_check import GroundCheck, GroundCheckResult
from alerts.rules.ground_pictures import GroundPicture
from api.console.view_models.pictures import PhotoView, camera_photo
from api.console.words import Words
from domain.records import Record
from domain.registry import RegistrySnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundCheckView:
    """A ground check with both pictures, as far as they were kept."""

    before: PhotoView | None
    after: PhotoView | None
    result: str
    reason: str


def ground_check_view(
    check: GroundCheck,
    snapshots: Mapping[str, Record],
    registry: RegistrySnapshot,
    words: Words,
) -> GroundCheckView:
    """Return what a check says, with the pictures of one camera from before and of the look.

    ``snapshots``: the verdicts of these pictures by the picture's hash, as far as they are kept.
    """

    def photo(picture: GroundPicture | None) -> PhotoView | None:
        if picture is None:
            return None
        return camera_photo(
            picture.sha256,
            words.joined((picture.device_id, words.time(picture.taken_at))),
            record=snapshots.get(picture.sha256),
            registry=registry,
            words=words,
        )

    return GroundCheckView(
        before=photo(check.compared_with),
        after=photo(check.picture),
        result=words.say(f"ground_check.{check.result or 'under_way'}"),
        reason=_reason(check, words),
    )


def _reason(check: GroundCheck, words: Words) -> str:
    emptied = words.say("ground_check.emptied", time=words.time(check.emptied_at))
    if check.result is GroundCheckResult.NOT_OBSERVED:
        return words.joined((emptied, words.say("ground_check.not_observed.why")))
    if check.result is None or check.decided_at is None:
        return words.joined((emptied, words.say("ground_check.under_way.why")))
    looked = words.say(
        "ground_check.looked", duration=words.duration(check.decided_at - check.emptied_at)
    )
    swept = check.result is GroundCheckResult.SWEPT
    clean = words.say("ground_check.clean") if swept else ""
    return words.joined((emptied, looked, clean, *(words.word(found) for found in check.found)))


def pictures_of(check: GroundCheck | None) -> tuple[GroundPicture, ...]:
    """Return the pictures that a check's page shows."""
    if check is None:
        return ()
    return tuple(one for one in (check.compared_with, check.picture) if one is not None)
