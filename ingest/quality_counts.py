"""What is counted against a gateway or a device, by hour of arrival: the words of the counts."""

from enum import StrEnum
from typing import NamedTuple


class CountKind(StrEnum):
    """What was counted. ``gap`` and ``lost`` are a gateway's: sequences that a later one overtook,
    and sequences that can no longer come.
    """

    REFUSED = "refused"
    SUSPICIOUS = "suspicious"
    LATE = "late"
    GAP = "gap"
    LOST = "lost"


class QualityKey(NamedTuple):
    """Whose count it is. ``device_id`` is empty where it is the gateway's alone: no device of the
    registry is known to be concerned. ``reason`` is the code where the kind has one.
    """

    gateway_id: str
    device_id: str
    kind: CountKind
    reason: str
