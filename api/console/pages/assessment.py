"""A week, a month, a year by area: to look at, to print, to take along as a table.

The page stands still, since it adds up a whole period: its address says what it shows, so it can
be kept and passed on. Only the header lives.
"""

from collections.abc import Mapping

from nicegui import run

from api.assessment import Assessment, assessment_when_there
from api.console.frame import frame
from api.console.markup import render
from api.console.pieces import block
from api.console.view_models.assessment import assessment_view
from api.console.view_models.assessment_asked import PATH, asked_by
from api.console.visit import Visit
from domain.measures import LEVEL_STEP_PERCENT
from texts.formatting import DISTRICT_ZONE


async def show_assessment(visit: Visit, query: Mapping[str, str]) -> None:
    """Build the page."""
    words, parts = visit.words, visit.console.parts
    # What came while nobody looked is no news: the live header begins with what stands now.
    situation = await visit.console.feed.situation()
    levels = _levels(visit)
    today = parts.clock.now().astimezone(DISTRICT_ZONE).date()
    asked = asked_by(query, today=today, levels=levels)
    found: Assessment | None = await run.io_bound(assessment_when_there, parts, asked.question)
    if found is None:
        return
    view = assessment_view(asked, found, registry=situation.registry, levels=levels, words=words)

    def say(key: str) -> str:
        return words.catalogue.text(f"assessment.{key}", words.locale)

    with frame(visit, say("title")):
        block(
            render(
                "assessment",
                view=view,
                say=say,
                path=PATH,
                by=words.word(asked.by),
                today=today.isoformat(),
            ),
            classes="assessment",
        )
    visit.follow(lambda _: None)


def _levels(visit: Visit) -> tuple[int, ...]:
    """Return the levels on offer in percent: the limits of the fill curve, and the rim."""
    settings = visit.console.settings
    counted = (
        LEVEL_STEP_PERCENT * round(100 * level / LEVEL_STEP_PERCENT)
        for level in (settings.warning_level, settings.critical_level, 1.0)
    )
    return tuple(dict.fromkeys(min(100, level) for level in counted))
