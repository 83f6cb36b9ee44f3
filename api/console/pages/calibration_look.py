"""The panel in which a technician looks at the camera: one picture, or one after another."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from api.console.markup import render
from api.console.pages.calibration_bench import MOST_PICTURES
from api.console.pieces import Piece
from api.console.words import Words
from domain.ports.camera_bench import BenchPicture

_LOOK_EVERY_S = 2.0


class LookPanel:
    """The buttons and the numbers of the pictures on the bench, one of which is shown."""

    def __init__(
        self,
        words: Words,
        *,
        on_look: Callable[[], Awaitable[None]],
        on_show: Callable[[int], None],
        is_busy: Callable[[], bool],
    ) -> None:
        self._words, self._on_look, self._on_show = words, on_look, on_show
        self._is_busy = is_busy
        self._buttons: dict[int, ui.button] = {}
        say = words.say
        Piece(classes="panel-head").show(
            render("step_head", title=say("calibration.step_look"), text=say("calibration.privacy"))
        )
        with ui.element("div").classes("bench-tools"):
            ui.button(say("calibration.look"), on_click=on_look).props(
                "no-caps unelevated color=primary"
            )
            self._keep = ui.checkbox(say("calibration.keep_looking"))
            self._count = Piece(classes="quiet")
        self._problem = Piece(classes="form-error")
        self._strip = ui.element("div").classes("trial-numbers")
        ui.timer(_LOOK_EVERY_S, self._look_if_wanted)

    def show(self, pictures: Sequence[BenchPicture]) -> None:
        """List these pictures."""
        self._problem.show("")
        say = self._words.say
        text = say("calibration.pictures", count=len(pictures), most=MOST_PICTURES)
        self._count.show(render("text", text=text))
        self._strip.clear()
        with self._strip:
            self._buttons = {picture.number: self._button(picture.number) for picture in pictures}

    def mark(self, number: int) -> None:
        """Mark the picture that is shown."""
        for other, button in self._buttons.items():
            button.props(f"aria-pressed={str(other == number).lower()}")

    def complain(self, text: str) -> None:
        """Show why there is no picture; looking again and again stops."""
        self._keep.value = False
        self._problem.show(render("text", text=text))

    def _button(self, number: int) -> ui.button:
        title = self._words.say("calibration.picture_number", number=number)
        button = ui.button(str(number), on_click=lambda: self._on_show(number))
        return button.props(f'flat dense no-caps padding="2px 8px" aria-label="{title}"')

    async def _look_if_wanted(self) -> None:
        if self._keep.value and not self._is_busy():
            await self._on_look()
