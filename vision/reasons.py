"""Why a verdict is what it is: codes whose texts stand in the catalogues under ``reason.``."""

from enum import StrEnum

from domain.records import CameraHealth


class Reason(StrEnum):
    """One reason of a verdict."""

    REFERENCE_DIFFERENCE = "reference_difference"
    RIM_STRIP_DIFFERENCE = "rim_strip_difference"
    LOOKS_OVERFULL = "looks_overfull"
    BIN_FULL = "bin_full"
    SEEN_CLEAN = "seen_clean"
    NOT_YET_PERSISTENT = "not_yet_persistent"
    ZONE_COVERED = "zone_covered"
    BIN_NOT_AS_IN_REFERENCE = "bin_not_as_in_reference"
    BORDERLINE = "borderline"
    NO_REFERENCE = "no_reference"
    LIGHTING_UNLIKE_REFERENCE = "lighting_unlike_reference"
    OTHER_WASTE_THERE = "other_waste_there"
    ZONE_TOO_SMALL = "zone_too_small"
    REJECTED_BEFORE = "rejected_before"
    CAMERA_UNREACHABLE = "camera_unreachable"
    CAMERA_UNREADABLE = "camera_unreadable"
    CAMERA_DARK = "camera_dark"
    CAMERA_OVEREXPOSED = "camera_overexposed"
    CAMERA_BLURRED = "camera_blurred"
    CAMERA_BLOCKED = "camera_blocked"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_MOVED = "camera_moved"


def reason_of_health(health: CameraHealth) -> Reason:
    """Return the reason that a camera in this health gives for not knowing.

    Raises ``ValueError`` for a healthy one, which is no reason.
    """
    return Reason(f"camera_{health.value}")
