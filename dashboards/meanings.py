"""States by colour: one table for all dashboards."""

from collections.abc import Mapping

from dashboards.definition import Look, Step
from dashboards.palette import Colour
from dashboards.wording import Wording
from domain.cases import CaseState
from domain.device_health import DeviceState
from domain.place_state import PlaceState
from domain.problems import ProblemClass
from domain.records import CameraHealth, VerdictState

PLACE_COLOURS: Mapping[str, Colour] = {
    PlaceState.CLEAN: Colour.GOOD,
    PlaceState.WARNING: Colour.WATCH,
    PlaceState.PROBLEM: Colour.PROBLEM,
    PlaceState.OVERDUE: Colour.OVERDUE,
    PlaceState.UNKNOWN: Colour.UNKNOWN,
}
DEVICE_COLOURS: Mapping[str, Colour] = {
    DeviceState.OK: Colour.GOOD,
    DeviceState.SILENT: Colour.UNKNOWN,
    DeviceState.BATTERY_LOW: Colour.WATCH,
    DeviceState.CAMERA_UNUSABLE: Colour.WATCH,
    DeviceState.UNKNOWN: Colour.UNKNOWN,
}
VERDICT_COLOURS: Mapping[str, Colour] = {
    VerdictState.PRESENT: Colour.PROBLEM,
    VerdictState.CLEAR: Colour.GOOD,
    VerdictState.UNKNOWN: Colour.UNKNOWN,
}
CASE_COLOURS: Mapping[str, Colour] = {
    CaseState.CLOSED: Colour.GOOD,
    CaseState.REWORK: Colour.PROBLEM,
}


def place_states(wording: Wording) -> Look:
    """How a place's state is called and coloured."""
    return Look(unit="none", meanings=wording.meanings(PlaceState, PLACE_COLOURS))


def device_states(wording: Wording) -> Look:
    """How a device's state is called and coloured."""
    return Look(unit="none", meanings=wording.meanings(DeviceState, DEVICE_COLOURS))


def verdict_states(wording: Wording) -> Look:
    """How a camera's verdict is called and coloured."""
    return Look(unit="none", meanings=wording.meanings(VerdictState, VERDICT_COLOURS))


def case_states(wording: Wording) -> Look:
    """How a case's state is called."""
    return Look(unit="none", meanings=wording.meanings(CaseState, CASE_COLOURS))


def camera_healths(wording: Wording) -> Look:
    """How a camera's health is called and coloured."""
    colours: dict[str, Colour] = dict.fromkeys(CameraHealth, Colour.WATCH)
    colours[CameraHealth.OK] = Colour.GOOD
    return Look(unit="none", meanings=wording.meanings(CameraHealth, colours))


def problem_classes(wording: Wording) -> Look:
    """How a problem class is called."""
    return Look(unit="none", meanings=wording.meanings(ProblemClass))


FILL = Look(
    unit="percentunit",
    decimals=0,
    lowest=0,
    highest=1.2,
    steps=(
        Step(at=None, colour=Colour.GOOD),
        Step(at=0.8, colour=Colour.WATCH),
        Step(at=1.0, colour=Colour.PROBLEM),
    ),
)
"""A filling level: a limit is near from 80 %, full to the rim at 100 %."""

COUNT = Look(unit="none", decimals=0, steps=(Step(at=None, colour=Colour.MEASURED),))
"""A number of things that is neither good nor bad."""

TIME = Look(unit="time:MM-DD HH:mm")
"""A time of the last days."""

TIME_LEFT = Look(
    unit="dthms",
    steps=(
        Step(at=None, colour=Colour.OVERDUE),
        Step(at=0, colour=Colour.WATCH),
        Step(at=3600, colour=Colour.MEASURED),
    ),
)
"""Seconds until a time limit: the last hour, and past it."""


def none_is_good(bad: Colour, *, unit: str = "none") -> Look:
    """A count of which zero is what everybody wants."""
    return Look(
        unit=unit,
        decimals=0,
        steps=(Step(at=None, colour=Colour.GOOD), Step(at=1, colour=bad)),
    )
