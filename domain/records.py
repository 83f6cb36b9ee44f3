"""A record: one observation of one device at one time, with all its values.

Its identity on the uplink is ``(gateway_id, boot_id, sequence)``, in the stores
``(device_id, observed_at, kind)``.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.checks import (
    InvalidValueError,
    check_id,
    check_number,
    check_optional,
    check_sha256,
    check_utc,
)
from domain.problems import ProblemClass


class RecordKind(StrEnum):
    """What a record tells."""

    FILL = "fill"
    EMPTIED = "emptied"
    VERDICTS = "verdicts"


class MeasurementQuality(StrEnum):
    """How far a measured level can be believed (words of LwM2M object 3435)."""

    ACCEPTED = "accepted"
    SUSPICIOUS = "suspicious"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class FillReading:
    """What a fill sensor told. An absent value was not in the frame; it is not zero.

    ``filling_level`` is a ratio from 0 (empty) to 1 (at the rim), above 1 when overfull.
    """

    measurement_quality: MeasurementQuality
    filling_level: float | None = None
    distance_mm: float | None = None
    temperature_c: float | None = None
    battery_v: float | None = None
    battery_ratio: float | None = None
    cover_open: bool | None = None
    out_of_position: bool | None = None
    rssi_dbm: float | None = None

    def __post_init__(self) -> None:
        check_optional("filling_level", self.filling_level, 0, 3)
        check_optional("distance_mm", self.distance_mm, 0, 20_000)
        check_optional("temperature_c", self.temperature_c, -60, 300)
        check_optional("battery_v", self.battery_v, 0, 60)
        check_optional("battery_ratio", self.battery_ratio, 0, 1)
        check_optional("rssi_dbm", self.rssi_dbm, -200, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """The gateway saw the level fall as only an emptying makes it fall."""

    level_before: float
    level_after: float

    def __post_init__(self) -> None:
        check_number("level_before", self.level_before, 0, 3)
        check_number("level_after", self.level_after, 0, 3)


class VerdictState(StrEnum):
    """What a camera can say of a problem. Unknown is never clean."""

    PRESENT = "present"
    CLEAR = "clear"
    UNKNOWN = "unknown"


MOST_REASONS, MOST_BOXES, MOST_VERDICTS = 8, 32, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What vision says of one problem class in one zone of one snapshot.

    ``reasons`` are codes for people to look up (``texts``); ``score`` is from 0 (surely clear) to
    1 (surely present); ``boxes`` are (x, y, width, height) in relative picture coordinates.
    """

    zone_id: str
    problem_class: ProblemClass
    state: VerdictState
    score: float
    reasons: tuple[str, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()

    def __post_init__(self) -> None:
        check_id("zone_id", self.zone_id)
        check_number("score", self.score, 0, 1)
        if len(self.reasons) > MOST_REASONS or len(self.boxes) > MOST_BOXES:
            msg = f"verdict: at most {MOST_REASONS} reasons and {MOST_BOXES} boxes"
            raise InvalidValueError(msg)
        for reason in self.reasons:
            check_id("reason", reason)
        for box in self.boxes:
            for side in box:
                check_number("box", side, 0, 1)


class CameraHealth(StrEnum):
    """Whether a camera's picture can be judged at all."""

    OK = "ok"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    DARK = "dark"
    OVEREXPOSED = "overexposed"
    BLURRED = "blurred"
    BLOCKED = "blocked"
    FROZEN = "frozen"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotVerdicts:
    """Everything vision says of one snapshot: one verdict per zone and problem class.

    ``picture_sha256`` names the masked picture that follows by its own way, if one is kept.
    """

    camera_health: CameraHealth
    verdicts: tuple[Verdict, ...]
    picture_sha256: str | None = None

    def __post_init__(self) -> None:
        if self.picture_sha256 is not None:
            check_sha256("picture_sha256", self.picture_sha256)
        keys = [(verdict.zone_id, verdict.problem_class) for verdict in self.verdicts]
        if len(keys) > MOST_VERDICTS or len(set(keys)) != len(keys):
            msg = f"verdicts: at most {MOST_VERDICTS}, one per zone and problem class"
            raise InvalidValueError(msg)


Values = FillReading | Emptied | SnapshotVerdicts

_KIND_OF = {
    FillReading: RecordKind.FILL,
    Emptied: RecordKind.EMPTIED,
    SnapshotVerdicts: RecordKind.VERDICTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One observation. ``observed_at`` is the device's time, ``gateway_at`` the gateway's."""

    device_id: str
    observed_at: datetime
    gateway_at: datetime
    values: Values

    def __post_init__(self) -> None:
        check_id("device_id", self.device_id)
        check_utc("observed_at", self.observed_at)
        check_utc("gateway_at", self.gateway_at)

    @property
    def kind(self) -> RecordKind:
        """The kind that the values are of."""
        return _KIND_OF[type(self.values)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkId:
    """A record's identity between gateway and ingest.

    ``boot_id`` is 16 hex digits made when the spool file was created; ``sequence`` counts from 1
    and is never used twice within a boot.
    """

    gateway_id: str
    boot_id: str
    sequence: int

    def __post_init__(self) -> None:
        check_id("gateway_id", self.gateway_id)
        check_id("boot_id", self.boot_id)
        check_number("sequence", self.sequence, 1, 2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A record that ingest has accepted and committed.

    ``position`` grows by the order of commit. ``late`` entries are kept and rolled up but never
    alert; ``sets_state`` is true for the newest record of its device, late or not.
    """

    position: int
    uplink_id: UplinkId
    received_at: datetime
    late: bool
    sets_state: bool
    record: Record

    def __post_init__(self) -> None:
        check_utc("received_at", self.received_at)
