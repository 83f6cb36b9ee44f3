"""What can happen to a device's message, and to the gateway's own file."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a device's message is not taken; bounded, so it may be a label of a metric."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    TOO_DEEP = "too_deep"
    WRONG_SHAPE = "wrong_shape"
    INVALID_VALUE = "invalid_value"
    BAD_TOPIC = "bad_topic"
    ID_MISMATCH = "id_mismatch"
    UNKNOWN_DEVICE = "unknown_device"
    FOREIGN_DEVICE = "foreign_device"
    WRONG_SOURCE = "wrong_source"
    WRONG_PORT = "wrong_port"
    DAMAGED_FRAME = "damaged_frame"
    NO_READING = "no_reading"
    OBSERVED_BEFORE_2020 = "observed_before_2020"
    OBSERVED_IN_FUTURE = "observed_in_future"


class RefusedMessageError(Exception):
    """The message can never become a record: count it by ``reason``, keep it, acknowledge it."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class SpoolFullError(Exception):
    """There is no room for more records. Nothing was accepted; try again when acks have come."""


class SpoolFailedError(Exception):
    """The file can no longer be trusted to keep what it is given. End the process."""
