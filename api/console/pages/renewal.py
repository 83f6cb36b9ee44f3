"""The panel at which one who says that a place is clean renews its cameras' clean pictures."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import run, ui

from api.console.clean_picture import CleanPictures
from api.console.markup import render
from api.console.pieces import Piece
from api.console.visit import Visit
from domain.calibration import (
    CalibrationVersion,
    StaleCalibrationError,
    UnknownCameraError,
)
from domain.checks import InvalidValueError
from domain.devices import Camera
from domain.ports.camera_bench import BenchError


class RenewalPanel:
    """What it does, the tick, a button for each camera, and what came of it."""

    def __init__(
        self,
        visit: Visit,
        pictures: CleanPictures,
        cameras: Sequence[Camera],
        *,
        note: str,
        on_done: Callable[[CalibrationVersion], Awaitable[None]] | None = None,
    ) -> None:
        self._visit, self._pictures = visit, pictures
        self._note, self._on_done = note, on_done
        say = visit.words.say
        with ui.element("section").classes("panel form-panel renewal"):
            Piece(classes="panel-head").show(
                render("step_head", title=say("renewal.title"), text=say("renewal.hint"))
            )
            self._clean = ui.checkbox(say("renewal.clean"))
            with ui.element("div").classes("bench-tools"):
                self._buttons = [self._button(camera) for camera in cameras]
            with ui.element("div").props("role=status"):
                self._problem = Piece(classes="form-error")
                self._told = Piece(classes="saved-note")

    def _button(self, camera: Camera) -> ui.button:
        label = self._visit.words.say("renewal.renew", camera=camera.device_id)
        return ui.button(label, on_click=lambda: self._renew(camera)).props(
            "no-caps outline color=primary"
        )

    async def _renew(self, camera: Camera) -> None:
        say = self._visit.words.say
        if not self._clean.value:
            self._show(problem=say("renewal.clean_first"))
            return
        # The tick is of this moment: each press needs its own.
        self._clean.value = False
        for button in self._buttons:
            button.disable()
        self._show(told=say("renewal.taking"))
        try:
            version = await run.io_bound(self._save, camera)
        except BenchError as error:
            self._refuse(self._visit.words.word(error.reason))
        except StaleCalibrationError:
            self._refuse(say("calibration.stale"))
        except (UnknownCameraError, InvalidValueError, OSError) as error:
            self._refuse(str(error))
        else:
            await self._tell(version)
        for button in self._buttons:
            button.enable()

    def _save(self, camera: Camera) -> CalibrationVersion:
        return self._pictures.renew(camera, said_by=self._visit.role, note=self._note)

    async def _tell(self, version: CalibrationVersion | None) -> None:
        if version is None or self._visit.client.is_deleted:
            return
        self._show(told=self._visit.words.say("renewal.done", number=version.number))
        if self._on_done is not None:
            await self._on_done(version)

    def _refuse(self, why: str) -> None:
        self._show(problem=self._visit.words.say("renewal.refused", why=why))

    def _show(self, *, problem: str = "", told: str = "") -> None:
        if self._visit.client.is_deleted:
            return
        self._problem.show(render("text", text=problem) if problem else "")
        self._told.show(render("text", text=told) if told else "")
