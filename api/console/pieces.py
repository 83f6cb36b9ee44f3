"""Pieces of pages that change on their own and send nothing when nothing has changed."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.html import Html


class KeyedRow(Protocol):
    """A view row with an identity."""

    @property
    def key(self) -> str:
        """The identity of what the row shows."""
        ...


Row = TypeVar("Row", bound=KeyedRow)


def block(html: str = "", *, tag: str = "div", classes: str = "") -> Html:
    """Return an element with HTML of our own templates, which have escaped what was put in.

    The browser-side sanitizer is off, since it would drop the attributes of our forms.
    """
    return ui.html(html, sanitize=False, tag=tag).classes(classes)


class Piece:
    """One block of HTML, sent again only when it differs."""

    def __init__(self, *, tag: str = "div", classes: str = "") -> None:
        self._block = block(tag=tag, classes=classes)

    def show(self, html: str) -> None:
        """Show this."""
        if html != self._block.content:
            self._block.set_content(html)


class KeyedList(Generic[Row]):
    """A list of rows, each its own element: only what has changed is sent, and focus stays."""

    def __init__(
        self, container: Element, draw: Callable[[Row], str], *, tag: str = "div", classes: str = ""
    ) -> None:
        self._container = container
        self._draw = draw
        self._tag = tag
        self._classes = classes
        self._rows: dict[str, tuple[Row, Html]] = {}

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows in this order."""
        wanted = {row.key for row in rows}
        for key in [key for key in self._rows if key not in wanted]:
            self._rows.pop(key)[1].delete()
        for row in rows:
            self._show_one(row)
        shown = list(self._rows)
        for index, row in enumerate(rows):
            if shown[index] != row.key:
                shown.remove(row.key)
                shown.insert(index, row.key)
                self._rows[row.key][1].move(target_index=index)
        self._rows = {row.key: self._rows[row.key] for row in rows}

    def _show_one(self, row: Row) -> None:
        known = self._rows.get(row.key)
        if known is None:
            with self._container:
                element = block(self._draw(row), tag=self._tag, classes=self._classes)
            self._rows[row.key] = (row, element)
        elif known[0] != row:
            known[1].set_content(self._draw(row))
            self._rows[row.key] = (row, known[1])
