"""The form for a case that a person has heard of or seen."""

import uuid

from nicegui import run, ui

from alerts.case_desk import UnknownPlaceError
from alerts.orders import LONGEST_NOTE, ReportCase
from api.console.frame import frame
from api.console.markup import render
from api.console.pieces import Piece
from api.console.situation import Situation
from api.console.view_models.new_case import (
    SOURCES,
    open_case_at,
    place_choices,
    problem_choices,
)
from api.console.visit import Visit
from domain.cases import CaseSource
from domain.checks import InvalidValueError
from domain.problems import ProblemClass


async def show_new_case(visit: Visit, *, place_id: str) -> None:
    """Build the form; ``place_id`` is chosen already where the registry has it."""
    situation = await visit.console.feed.situation()
    form = _NewCaseForm(visit, situation, place_id)
    # Kept so that the hint about an open case stays true while the form is open.
    visit.follow(lambda news: form.look(news.situation))


class _NewCaseForm:
    def __init__(self, visit: Visit, situation: Situation, place_id: str) -> None:
        self._visit, self._situation = visit, situation
        words = visit.words
        say = words.say
        # One key for one opened form: pressing twice opens one case.
        self._key = f"console-{uuid.uuid4()}"
        places = place_choices(situation.registry, words)
        with frame(visit, say("nav.new_case")), ui.element("section").classes("panel form"):
            Piece(classes="panel-head").show(
                render("form_head", title=say("nav.new_case"), text=say("form.new_case.hint"))
            )
            self._source = ui.toggle(
                {source: words.word(source) for source in SOURCES}, value=CaseSource.TELEPHONE
            ).props("no-caps unelevated toggle-color=primary spread")
            self._place = ui.select(
                places,
                value=place_id if place_id in places else None,
                label=say("form.place"),
                with_input=True,
                on_change=self._hint,
            ).props(f'outlined clearable options-dense hint="{say("form.place.hint")}"')
            with self._place.add_slot("no-option"):
                Piece(classes="no-option").show(render("text", text=say("form.place.none")))
            self._problem = ui.select(
                problem_choices(words), label=say("form.problem"), on_change=self._hint
            ).props("outlined options-dense")
            self._already = Piece(classes="already")
            self._note = ui.textarea(say("form.new_case.note")).props(
                f"outlined autogrow counter maxlength={LONGEST_NOTE}"
            )
            self._error = Piece(classes="form-error")
            with ui.element("div").classes("dialog-buttons"):
                self._send = ui.button(say("form.new_case.send"), on_click=self._order).props(
                    "no-caps unelevated color=primary size=lg"
                )
        self._hint()

    def look(self, situation: Situation) -> None:
        """Take note of what has changed."""
        self._situation = situation
        self._hint()

    def _hint(self) -> None:
        case = None
        if self._place.value and self._problem.value:
            problem = ProblemClass(self._problem.value)
            case = open_case_at(self._situation, str(self._place.value), problem)
        if case is None:
            self._already.show("")
            return
        text = self._visit.words.say("form.already", number=case.number)
        self._already.show(render("link", href=f"/cases/{case.case_id}", text=text))

    async def _order(self) -> None:
        words = self._visit.words
        if not self._place.value or not self._problem.value:
            key = "error.place" if not self._place.value else "error.problem"
            self._refuse(words.say(key))
            return
        self._send.disable()
        try:
            order = ReportCase(
                place_id=str(self._place.value),
                problem_class=ProblemClass(self._problem.value),
                source=CaseSource(self._source.value),
                note=str(self._note.value or "").strip(),
                actor=self._visit.role,
                key=self._key,
            )
            case = await run.io_bound(self._visit.console.parts.desk.report, order)
        except UnknownPlaceError:
            self._refuse(words.say("error.place_gone"))
        except InvalidValueError:
            self._refuse(words.say("error.text"))
        else:
            if case is not None:
                ui.navigate.to(f"/cases/{case.case_id}")

    def _refuse(self, text: str) -> None:
        self._send.enable()
        self._error.show(render("text", text=text))
