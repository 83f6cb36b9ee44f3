"""Why something is kept in dead letters instead of the journal, or in it with a doubt."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """The code a dead letter, a counter and a log line name; one vocabulary for all three."""

    UNREADABLE_BATCH = "unreadable_batch"
    UNREADABLE_RECORD = "unreadable_record"
    UNREADABLE_PICTURE = "unreadable_picture"
    ID_MISMATCH = "id_mismatch"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_CAMERA = "unknown_camera"
    FOREIGN_GATEWAY = "foreign_gateway"
    WRONG_KIND = "wrong_kind"
    OBSERVED_BEFORE_2020 = "observed_before_2020"
    OBSERVED_IN_FUTURE = "observed_in_future"
    CONFLICT = "conflict"
    IMPLAUSIBLE_EMPTYING = "implausible_emptying"
    RATE_EXCEEDED = "rate_exceeded"


class Suspicion(StrEnum):
    """Why an accepted record is hard to believe: counted and shown, but kept."""

    LEVEL_SPIKE = "level_spike"
    BATTERY_OUT_OF_RANGE = "battery_out_of_range"
