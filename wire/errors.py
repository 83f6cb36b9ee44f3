"""What can go wrong with a payload: one error, with a code that can be counted."""

from enum import StrEnum


class UnreadableReason(StrEnum):
    """Why a payload is refused; bounded, so it may be a label of a metric."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    TOO_DEEP = "too_deep"
    WRONG_SHAPE = "wrong_shape"
    INVALID_VALUE = "invalid_value"
    HASH_MISMATCH = "hash_mismatch"


class UnreadablePayloadError(Exception):
    """The payload can never be read: count it by ``reason``, keep it for an engineer, go on."""

    def __init__(self, reason: UnreadableReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class OversizedPayloadError(Exception):
    """Too large to be sent. Sending it would make the broker drop the connection, again and again.

    Raised before anything is published; the caller splits or refuses.
    """
