"""A scenario: which faults befall which devices, and when. Read from TOML, strictly."""

from collections.abc import Sequence
from enum import StrEnum
from math import inf, isfinite
from pathlib import Path

import msgspec

SCENARIOS = Path(__file__).parent / "scenarios"


class BadScenarioError(Exception):
    """The file is not a scenario. Mend what the text names."""


class FaultKind(StrEnum):
    """What can go wrong between a container and the gateway's door."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    DELAYED = "delayed"
    REORDERED = "reordered"
    CLOCK_SKEW = "clock_skew"
    STUCK = "stuck"
    SPIKE = "spike"
    SILENT = "silent"
    SENTINEL = "sentinel"
    REBOOT = "reboot"
    RETAINED = "retained"
    TRUNCATED = "truncated"
    UNKNOWN_DEVICE = "unknown_device"
    WRONG_ID = "wrong_id"


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fault. ``from_min`` to ``until_min`` count minutes from the start of the run.

    It befalls ``devices``, or where none is named that ``share`` of all, and of their messages
    that ``ratio``. ``delay_s`` belongs to delayed and retained messages, ``skew_s`` to clocks.
    """

    kind: FaultKind
    from_min: float = 0.0
    until_min: float = inf
    devices: tuple[str, ...] = ()
    share: float = 1.0
    ratio: float = 1.0
    delay_s: float = 1_200.0
    skew_s: float = 7_200.0

    def __post_init__(self) -> None:
        if not 0 <= self.from_min < self.until_min:
            msg = f"{self.kind}: from_min must be at least 0 and less than until_min"
            raise ValueError(msg)
        if not (0 <= self.share <= 1 and 0 <= self.ratio <= 1):
            msg = f"{self.kind}: share and ratio are ratios from 0 to 1"
            raise ValueError(msg)
        if not (isfinite(self.skew_s) and isfinite(self.delay_s) and self.delay_s > 0):
            msg = f"{self.kind}: delay_s must be more than 0, skew_s a number"
            raise ValueError(msg)


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A named list of faults."""

    schema: int
    name: str
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        if self.schema != 1:
            msg = f"schema {self.schema} is not known here, only 1"
            raise ValueError(msg)


CALM = Scenario(schema=1, name="calm")
"""Nothing goes wrong but what a good sensor does by itself."""


def load_scenario(path: Path, *, known_devices: Sequence[str] = ()) -> Scenario:
    """Return the scenario in that TOML file; raise :class:`BadScenarioError` with the key.

    With ``known_devices`` a fault that names another device is refused too.
    """
    try:
        scenario = msgspec.toml.decode(path.read_bytes(), type=Scenario)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}"
        raise BadScenarioError(msg) from error
    if known_devices:
        for fault in scenario.faults:
            strangers = set(fault.devices) - set(known_devices)
            if strangers:
                msg = f"{path}: {fault.kind} names unknown devices: {', '.join(sorted(strangers))}"
                raise BadScenarioError(msg)
    return scenario
