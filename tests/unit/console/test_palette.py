"""Colours with one meaning each, readable, and never alone."""

import pytest

from api.console.palette import ACCENT, PALETTE, URGENCY, Mark, css_variables, svg
from domain.place_state import PlaceState


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_place_state_has_its_mark() -> None:
    assert {state.value for state in PlaceState} == {mark.value for mark in Mark}
    assert set(PALETTE) == set(URGENCY) == set(Mark)


def test_marks_differ_without_colour_and_sign() -> None:
    assert len({look.outline for look in PALETTE.values()}) == len(Mark)
    assert len({look.sign for look in PALETTE.values()}) == len(Mark)
    assert len({look.colour for look in PALETTE.values()} | {ACCENT}) == len(Mark) + 1


@pytest.mark.parametrize("mark", Mark)
def test_a_marks_colour_can_be_read_on_white_and_on_its_own_pale_ground(mark: Mark) -> None:
    look = PALETTE[mark]
    assert contrast(look.colour, "#ffffff") >= 4.5
    assert contrast(look.colour, look.pale) >= 4.5


def test_what_is_unknown_weighs_more_than_a_warning() -> None:
    assert URGENCY.index(Mark.UNKNOWN) < URGENCY.index(Mark.WARNING) < URGENCY.index(Mark.CLEAN)


@pytest.mark.parametrize("mark", Mark)
def test_the_style_sheet_and_the_symbol_use_the_palettes_colour(mark: Mark) -> None:
    assert f"--{mark}: {PALETTE[mark].colour};" in css_variables()
    assert PALETTE[mark].colour in svg(mark)
