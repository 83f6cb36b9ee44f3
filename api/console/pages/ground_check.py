"""The panel of a ground check, on the page of its place and on that of the case it opened."""

from api.console.markup import render
from api.console.view_models.ground_check import GroundCheckView
from api.console.words import Words


def ground_check_panel(view: GroundCheckView | None, words: Words) -> str:
    """Return the panel's markup, nothing where there is no check."""
    if view is None:
        return ""
    return render(
        "case_evidence",
        title=words.say("ground_check.title"),
        pairs=(view,),
        doubts=(),
        explain="",
        before=words.say("ground_check.picture.before"),
        after=words.say("ground_check.picture.after"),
        none_before=words.say("ground_check.picture.before.none"),
        none_after=words.say("ground_check.picture.after.none"),
        missing=words.say("picture.missing"),
        score=words.say("picture.score"),
    )
