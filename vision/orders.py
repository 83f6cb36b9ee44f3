"""What the process that opens pictures is started with; loads no OpenCV, for the parent's sake."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain.devices import Camera
from domain.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraLogin:
    """How a camera wants to know us. It is never part of an address, and never logged."""

    username: str
    password: str = field(repr=False)
    digest: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildOrders:
    """``clock_factory`` and ``prepare``, called first in the child (to set up its logging), must be
    picklable. ``logins`` are by device id; ``patience`` gives the
    cameras that are asked so many times more rarely than set, by device id. With
    ``overflow_network`` borderline bins are shown to the network; ``detector_file`` finds people
    and vehicles, None is OpenCV's HOG for people. With ``quick_looks`` a clean place in which
    nothing has changed is only looked at small. In ``figures_folder`` cameras keep what they have
    learned never to move; None is learning nothing.
    """

    cameras: tuple[Camera, ...]
    references_folder: Path
    clock_factory: Callable[[], Clock]
    prepare: Callable[[], None] | None
    logins: Mapping[str, CameraLogin]
    patience: Mapping[str, int]
    overflow_network: bool = False
    detector_file: Path | None = None
    quick_looks: bool = False
    figures_folder: Path | None = None
