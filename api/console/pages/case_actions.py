"""The actions that the reader's role may take on a case, each with a dialog that asks for what it
needs.
"""

import uuid
from collections.abc import Callable

from nicegui import run, ui
from nicegui.elements.dialog import Dialog
from nicegui.elements.input import Input

from alerts.case_desk import MissingApprovalError, UnknownCaseError
from alerts.cases import StaleCaseError
from alerts.orders import LONGEST_KEY, LONGEST_NOTE, MoveCase
from api.console.markup import render
from api.console.pieces import Piece
from api.console.view_models.case_page import ActionOffer, CaseView
from api.console.visit import Visit
from domain.cases import Case, IllegalMoveError
from domain.checks import InvalidValueError

_PROPS = {
    "main": "color=primary unelevated",
    "other": "outline color=primary",
    "final": "outline color=dark",
}


class ActionPanel:
    """What can be done now; built again whenever the offers change."""

    def __init__(self, visit: Visit, on_done: Callable[[], None]) -> None:
        self._visit = visit
        self._on_done = on_done
        self._shown: tuple[ActionOffer, ...] | None = None
        self._case: Case | None = None
        with ui.element("section").classes("panel actions"):
            self._head = Piece()
            self._buttons = ui.element("div").classes("action-buttons")
            # Apart from the buttons: an open dialog outlives a change of what is on offer.
            self._dialogs = ui.element("div")

    def show(self, case: Case, view: CaseView) -> None:
        """Show what the role may do with this version of the case."""
        self._case = case
        words = self._visit.words
        role = words.word(self._visit.role)
        self._head.show(
            render(
                "actions_head",
                title=words.say("case.actions"),
                waiting_for=view.waiting_for,
                note="" if view.offers else words.say("case.no_action", role=role),
            )
        )
        if view.offers == self._shown:
            return
        self._shown = view.offers
        self._buttons.clear()
        with self._buttons:
            for offer in view.offers:
                self._button(offer)

    def _button(self, offer: ActionOffer) -> None:
        ui.button(offer.label, on_click=lambda: self._open(offer)).props(
            f"no-caps {_PROPS[offer.gravity]}"
        ).tooltip(offer.explanation)

    def _open(self, offer: ActionOffer) -> None:
        case = self._case
        if case is not None:
            with self._dialogs:
                _ActionDialog(self._visit, case, offer, self._on_done).open()


class _ActionDialog:
    def __init__(
        self, visit: Visit, case: Case, offer: ActionOffer, on_done: Callable[[], None]
    ) -> None:
        self._visit, self._case, self._offer, self._on_done = visit, case, offer, on_done
        # One key for one opened dialog: pressing twice orders once.
        self._key = f"console-{uuid.uuid4()}"
        self._dialog = Dialog()
        self._dialog.on("hide", self._dialog.delete)

    def open(self) -> None:
        say, offer = self._visit.words.say, self._offer
        with self._dialog, ui.card().classes("action-dialog"):
            Piece().show(render("dialog_head", title=offer.label, explanation=offer.explanation))
            label = say("form.reason" if offer.needs_reason else "form.note")
            self._note = ui.textarea(label).props(f"outlined autogrow maxlength={LONGEST_NOTE}")
            self._approver: Input | None = None
            if offer.needs_approval:
                self._approver = ui.input(say("form.approved_by")).props(
                    f"outlined maxlength={LONGEST_KEY}"
                )
            self._error = Piece(classes="form-error")
            with ui.element("div").classes("dialog-buttons"):
                ui.button(say("form.cancel"), on_click=self._dialog.close).props(
                    "no-caps flat color=dark"
                )
                self._confirm = ui.button(offer.label, on_click=self._order).props(
                    "no-caps unelevated color=primary"
                )
        self._dialog.open()

    async def _order(self) -> None:
        say = self._visit.words.say
        note = str(self._note.value or "").strip()
        approver = str(self._approver.value or "").strip() if self._approver else None
        if self._offer.needs_reason and not note:
            self._refuse(say("error.reason"))
            return
        if self._offer.needs_approval and not approver:
            self._refuse(say("error.approver"))
            return
        self._confirm.disable()
        refusal = await self._send(note, approver)
        if refusal:
            self._confirm.enable()
            self._refuse(refusal)
            return
        self._dialog.close()
        self._on_done()
        ui.notify(say("form.done", action=self._offer.label), color="dark", position="bottom")

    async def _send(self, note: str, approver: str | None) -> str:
        """Order the move; return why it was refused, or nothing."""
        words = self._visit.words
        try:
            order = MoveCase(
                case_id=self._case.case_id,
                action=self._offer.action,
                actor=self._visit.role,
                key=self._key,
                note=note,
                approved_by=approver,
                expected_version=self._case.version,
            )
            await run.io_bound(self._visit.console.parts.desk.move, order)
        except (StaleCaseError, IllegalMoveError):
            self._on_done()
            return words.say("error.stale")
        except UnknownCaseError:
            return words.say("not_found.case", case_id=self._case.case_id)
        except MissingApprovalError:
            return words.say("error.approver")
        except InvalidValueError:
            return words.say("error.text")
        return ""

    def _refuse(self, text: str) -> None:
        self._error.show(render("text", text=text))
