"""Emptied, then swept? The verdict, why, and the pictures from before and of the check."""

from dataclasses import dataclass

from alerts.rules.ground_check import GroundCheck, GroundCheckResult
from alerts.rules.ground_pictures import GroundPicture
from api.console.view_models.case_evidence import PhotoView
from api.console.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundCheckView:
    """A ground check with both pictures, as far as they were kept."""

    before: PhotoView | None
    after: PhotoView | None
    result: str
    reason: str


def ground_check_view(check: GroundCheck, words: Words) -> GroundCheckView:
    """Return what a check says, with the pictures of one camera from before and of the look."""
    return GroundCheckView(
        before=_photo(check.compared_with, words),
        after=_photo(check.picture, words),
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


def _photo(picture: GroundPicture | None, words: Words) -> PhotoView | None:
    if picture is None:
        return None
    caption = words.joined((picture.device_id, words.time(picture.taken_at)))
    return PhotoView(sha256=picture.sha256, caption=caption)
