"""The panels of what a calibration is made of: the trial, the references, the threshold."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from nicegui import ui

from api.console.markup import render
from api.console.pieces import Piece
from api.console.view_models.calibration import TrialRow
from api.console.words import Words
from domain.calibration import CameraCalibration, OverflowThreshold
from domain.devices import Lighting, ReferencePicture
from domain.ports.camera_bench import BenchError


class TrialPanel:
    """What the camera would say of the pictures on the bench."""

    def __init__(
        self,
        words: Words,
        *,
        on_try: Callable[[], Awaitable[None]],
        on_show: Callable[[int], None],
    ) -> None:
        self._words, self._on_show = words, on_show
        with ui.element("section").classes("panel step-try"):
            with ui.element("div").classes("panel-head split"):
                Piece().show(
                    render("panel_head", title=words.say("calibration.step_try"), count=None)
                )
                ui.button(words.say("calibration.try"), on_click=on_try).props(
                    "no-caps unelevated color=primary"
                )
            self._problem = Piece(classes="form-error")
            self._picked = ui.element("div").classes("trial-numbers")
            self._said = Piece()
            self._stored = Piece(classes="trial-stored")
        self._said.show(render("text", text=words.say("calibration.tried_none")))

    def complain(self, text: str) -> None:
        """Show why nothing was tried; what was said before is of other zones."""
        self._problem.show(render("text", text=text))
        self._picked.clear()
        self._said.show("")
        self._stored.show("")

    def show(self, rows: Sequence[TrialRow], stored: str) -> None:
        """Show these, the newest first; a press shows another picture's."""
        self._problem.show("")
        self._picked.clear()
        with self._picked:
            for row in rows:
                ui.button(str(row.number), on_click=lambda _, row=row: self._pick(row)).props(
                    f'flat dense no-caps padding="2px 8px" aria-label="{row.title}"'
                )
        self._said.show(render("trial", row=rows[0], score=self._words.say("picture.score")))
        say = self._words.say
        self._stored.show(
            render(
                "stored_picture",
                title=say("calibration.stored"),
                none=say("calibration.stored_none"),
                url=stored,
            )
        )

    def _pick(self, row: TrialRow) -> None:
        self._said.show(render("trial", row=row, score=self._words.say("picture.score")))
        self._on_show(row.number)


class TakeReference(Protocol):
    """Makes a clean picture of the one shown or of all."""

    async def __call__(self, *, of_all: bool) -> bytes:
        """Return a JPEG; raise ``BenchError``."""
        ...


class ReferencesPanel:
    """The clean references by their light, and the overflow threshold."""

    def __init__(
        self,
        words: Words,
        *,
        on_take: TakeReference,
        on_threshold: Callable[[], Awaitable[None]],
    ) -> None:
        self._words, self._on_take = words, on_take
        self._kept: dict[Lighting, ReferencePicture] = {}
        self._fresh: dict[Lighting, bytes] = {}
        self.threshold: OverflowThreshold | None = None
        self.shown = 0
        say = words.say
        with ui.element("section").classes("panel form-panel step-reference"):
            Piece(classes="panel-head").show(
                render(
                    "step_head",
                    title=say("calibration.step_reference"),
                    text=say("calibration.reference_hint"),
                )
            )
            self._list = ui.element("div").classes("reference-list")
            lights = {light: words.word(light) for light in Lighting}
            self._light = ui.select(
                lights, value=Lighting.DAY, label=say("calibration.lighting")
            ).props("outlined dense options-dense")
            self._nobody = ui.checkbox(say("calibration.nobody"))
            with ui.element("div").classes("bench-tools"):
                for label, of_all in (("take_all", True), ("take_one", False)):
                    ui.button(
                        say(f"calibration.{label}"),
                        on_click=lambda _, of_all=of_all: self._take(of_all=of_all),
                    ).props("no-caps outline color=primary")
            self._problem = Piece(classes="form-error")
            Piece(classes="panel-head").show(
                render(
                    "step_head",
                    title=say("calibration.step_threshold"),
                    text=say("calibration.threshold_hint"),
                )
            )
            self._threshold = Piece(classes="quiet")
            self._threshold_problem = Piece(classes="form-error")
            with ui.element("div").classes("bench-tools"):
                ui.button(say("calibration.threshold_find"), on_click=on_threshold).props(
                    "no-caps outline color=primary"
                )
                ui.button(
                    say("calibration.remove"), on_click=lambda: self.use_threshold(None)
                ).props("no-caps flat")
        self.use_threshold(None)

    def load(self, calibration: CameraCalibration) -> None:
        """Show what is in force."""
        self._fresh.clear()
        self.use_threshold(calibration.overflow)
        self.keep(calibration.references)

    def keep(self, references: Sequence[ReferencePicture]) -> None:
        """Show these as the stored ones; new ones not stored yet stay."""
        self._kept = {one.lighting: one for one in references}
        self._draw()

    def kept_references(self) -> tuple[ReferencePicture, ...]:
        """Return the stored references that stay."""
        return tuple(one for light, one in self._kept.items() if light not in self._fresh)

    def fresh_references(self) -> dict[Lighting, bytes]:
        """Return the new ones, not stored yet."""
        return dict(self._fresh)

    def complain_of_threshold(self, text: str) -> None:
        """Show why no threshold was found."""
        self._threshold_problem.show(render("text", text=text))

    def use_threshold(self, threshold: OverflowThreshold | None) -> None:
        """Take this threshold."""
        self.threshold = threshold
        self._threshold_problem.show("")
        say = self._words.say
        text = say("calibration.threshold_none")
        if threshold is not None:
            text = say(
                "calibration.threshold_is",
                logit=f"{threshold.logit:.2f}",
                count=threshold.normal_pictures,
            )
        self._threshold.show(render("text", text=text))

    async def _take(self, *, of_all: bool) -> None:
        if not self._nobody.value:
            text = self._words.say("calibration.nobody_first")
            self._problem.show(render("text", text=text))
            return
        light = Lighting(self._light.value)
        try:
            jpeg = await self._on_take(of_all=of_all)
        except BenchError as error:
            self._problem.show(render("text", text=self._words.word(error.reason)))
            return
        self._problem.show("")
        self._nobody.value = False
        self._fresh[light] = jpeg
        self._draw()

    def _draw(self) -> None:
        self._list.clear()
        say = self._words.say
        with self._list:
            for light in Lighting:
                if light not in self._fresh and light not in self._kept:
                    continue
                state = "new" if light in self._fresh else "kept"
                with ui.element("div").classes("reference-row"):
                    url = ""
                    if light in self._fresh:
                        packed = base64.b64encode(self._fresh[light]).decode()
                        url = f"data:image/jpeg;base64,{packed}"
                    Piece().show(
                        render(
                            "reference_row",
                            light=self._words.word(light),
                            state=say(f"calibration.reference_{state}"),
                            url=url,
                        )
                    )
                    ui.button(
                        say("calibration.remove"),
                        on_click=lambda _, light=light: self._remove(light),
                    ).props("no-caps flat dense")
            if not self._fresh and not self._kept:
                Piece(classes="quiet").show(render("text", text=say("calibration.references_none")))

    def _remove(self, light: Lighting) -> None:
        if self._fresh.pop(light, None) is None:
            self._kept.pop(light, None)
        self._draw()
