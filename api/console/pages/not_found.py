"""What a reader sees who asks for something that is not there."""

from api.console.frame import frame
from api.console.markup import render
from api.console.pieces import block
from api.console.visit import Visit


def show_not_found(visit: Visit, text: str) -> None:
    """Say what is not there, and lead back to the district."""
    visit.client.status_code = 404
    with frame(visit, visit.words.say("not_found")):
        block(
            render(
                "not_found",
                title=visit.words.say("not_found"),
                text=text,
                back=visit.words.say("nav.district"),
            ),
            tag="section",
            classes="panel",
        )
