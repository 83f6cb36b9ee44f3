"""The panels that put a calibration in force: the new one, or a version from before."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from api.console.markup import render
from api.console.pieces import Piece
from api.console.view_models.calibration import VersionRow
from api.console.words import Words
from domain.calibration import LONGEST_NOTE, CalibrationVersion, CameraCalibration


class SavePanel:
    """A note, the button, and what came of it."""

    def __init__(self, words: Words, *, on_save: Callable[[], Awaitable[None]]) -> None:
        self._words = words
        say = words.say
        with ui.element("section").classes("panel form-panel"):
            Piece(classes="panel-head").show(
                render("panel_head", title=say("calibration.step_save"), count=None)
            )
            self._note = ui.input(say("calibration.note")).props(
                f"outlined dense maxlength={LONGEST_NOTE}"
            )
            ui.button(say("calibration.save"), on_click=on_save).props(
                "no-caps unelevated color=primary"
            )
            with ui.element("div").props("role=status"):
                self._problem = Piece(classes="form-error")
                self._saved = Piece(classes="saved-note")

    @property
    def note(self) -> str:
        """What was written."""
        return str(self._note.value or "").strip()

    def tell(self, number: int) -> None:
        """Say that this version is in force."""
        self._note.value = ""
        self._problem.show("")
        text = self._words.say("calibration.saved", number=number)
        self._saved.show(render("text", text=text))

    def refuse(self, text: str) -> None:
        """Say why nothing was saved."""
        self._saved.show("")
        self._problem.show(render("text", text=text))


class VersionsPanel:
    """Every saved version, each of which can be put in force again."""

    def __init__(
        self, words: Words, *, on_restore: Callable[[CameraCalibration, int], Awaitable[None]]
    ) -> None:
        self._words, self._on_restore = words, on_restore
        with ui.element("section").classes("panel"):
            Piece(classes="panel-head").show(
                render("panel_head", title=words.say("calibration.versions"), count=None)
            )
            self._list = ui.element("div").classes("version-list")

    def show(self, rows: Sequence[VersionRow], versions: Sequence[CalibrationVersion]) -> None:
        """Show these; ``versions`` in the same order hold what a press restores."""
        self._list.clear()
        say = self._words.say
        with self._list:
            if not rows:
                Piece(classes="quiet").show(render("text", text=say("calibration.versions_none")))
            for row, version in zip(rows, versions, strict=True):
                with ui.element("div").classes("version-row"):
                    Piece().show(
                        render("version_row", row=row, in_force=say("calibration.in_force"))
                    )
                    if not row.in_force:
                        ui.button(
                            say("calibration.restore"),
                            on_click=lambda _, version=version: self._on_restore(
                                version.calibration, version.number
                            ),
                        ).props("no-caps flat dense")
