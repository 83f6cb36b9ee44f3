"""The console's colours and shapes. Each colour has one meaning, and never speaks alone.

======== ========= ==================== =====================================================
mark     colour    shape                meaning
======== ========= ==================== =====================================================
clean    green     disc with a tick     measured, and all of it below the limits
warning  amber     triangle             a level or battery nears its limit; no case needed yet
problem  red       diamond with "!"     an alert fires or a case is open: somebody must go there
overdue  plum      octagon with a clock a case has passed its time limit
unknown  grey      ring with "?"        nothing trustworthy is known: never to be read as clean
======== ========= ==================== =====================================================

Blue is for what can be pressed, black and grey for everything else. Each mark differs from the
others by outline too, so it is read without colours (in print, by colour-blind people).
"""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """What a coloured mark says. The values are those of ``domain.place_state.PlaceState``."""

    CLEAN = "clean"
    WARNING = "warning"
    PROBLEM = "problem"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A mark's look: strong colour, pale background, and its SVG in a 24 by 24 box."""

    colour: str
    pale: str
    outline: str
    sign: str


_TICK = '<path d="M7.5 12.4l3 3 6-6.6" fill="none" stroke="#fff" stroke-width="2.2"/>'
_BAR = '<path d="M12 9v5.2" stroke="#fff" stroke-width="2.2"/><circle cx="12" cy="17" r="1.4"/>'
_EXCLAMATION = (
    '<path d="M12 6.5v7" stroke="#fff" stroke-width="2.6"/><circle cx="12" cy="17" r="1.6"/>'
)
_CLOCK = '<path d="M12 6.8v5.6l3.6 2.2" fill="none" stroke="#fff" stroke-width="2.2"/>'
_QUESTION = (
    '<path d="M9.3 9.6a2.7 2.7 0 1 1 3.9 2.6c-.8.5-1.2 1-1.2 1.9" fill="none" stroke="#5b6573"'
    ' stroke-width="2"/><circle cx="12" cy="17" r="1.3" style="fill:#5b6573"/>'
)

PALETTE: dict[Mark, Look] = {
    Mark.CLEAN: Look(
        colour="#2c7a55",
        pale="#e6f2ec",
        outline='<circle cx="12" cy="12" r="9.5"/>',
        sign=_TICK,
    ),
    Mark.WARNING: Look(
        colour="#975900",
        pale="#fbf0dc",
        outline='<path d="M12 1.8 23 21.5H1z"/>',
        sign=_BAR,
    ),
    Mark.PROBLEM: Look(
        colour="#c62f2f",
        pale="#fbe7e5",
        outline='<path d="M12 .8 23.2 12 12 23.2.8 12z"/>',
        sign=_EXCLAMATION,
    ),
    Mark.OVERDUE: Look(
        colour="#7b1c6b",
        pale="#f4e4f1",
        outline='<path d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z"/>',
        sign=_CLOCK,
    ),
    Mark.UNKNOWN: Look(
        colour="#5b6573",
        pale="#eceef1",
        outline='<circle cx="12" cy="12" r="9.2" style="fill:#fff;stroke:#5b6573;stroke-width:2"/>',
        sign=_QUESTION,
    ),
}

ACCENT = "#1d5a9e"
"""What can be pressed."""

URGENCY = (Mark.OVERDUE, Mark.PROBLEM, Mark.UNKNOWN, Mark.WARNING, Mark.CLEAN)
"""Worst first; what is unknown comes before a warning, since it may hide anything."""


def svg(mark: Mark) -> str:
    """Return the mark as inline SVG; whoever shows it adds the words beside it."""
    look = PALETTE[mark]
    return (
        f'<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><g fill="{look.colour}">'
        f'{look.outline}</g><g fill="#fff" stroke-linecap="round" stroke-linejoin="round">'
        f"{look.sign}</g></svg>"
    )


def css_variables() -> str:
    """Return the palette as CSS custom properties for the style sheet."""
    lines = [f"--accent: {ACCENT};"]
    for mark, look in PALETTE.items():
        lines += [f"--{mark}: {look.colour};", f"--{mark}-pale: {look.pale};"]
    return ":root { " + " ".join(lines) + " }"
