"""What the bench's process is asked and answers; loads no OpenCV, for the parent's sake.

Both are msgpack of plain structs: the parent builds them through the domain's own checks, so that
a process that some picture has taken over can only lie about pictures.
"""

import msgspec

from domain.calibration import OverflowThreshold
from domain.checks import InvalidValueError
from domain.devices import Camera, Lighting
from domain.ports.camera_bench import BenchRefusal
from domain.records import SnapshotVerdicts

MOST_REQUEST_BYTES = 8 * 1024 * 1024
MOST_ANSWER_BYTES = 2 * 1024 * 1024

PICTURES_TO_RENEW = 10
"""Enough for what lies there to have stayed (K and some), and for a camera that hangs to show."""


class UnreadableAnswerError(Exception):
    """The bench's process sent what no healthy one sends; end it."""


class Look(msgspec.Struct, frozen=True, kw_only=True, tag="look", forbid_unknown_fields=True):
    """Fetch one more picture."""


class TryOut(msgspec.Struct, frozen=True, kw_only=True, tag="try_out", forbid_unknown_fields=True):
    """Judge what is on the bench; ``references`` are JPEGs."""

    camera: Camera
    references: dict[Lighting, bytes]


class CleanPicture(
    msgspec.Struct, frozen=True, kw_only=True, tag="clean_picture", forbid_unknown_fields=True
):
    """Make a reference of these pictures."""

    numbers: tuple[int, ...]


class FindThreshold(
    msgspec.Struct, frozen=True, kw_only=True, tag="find_threshold", forbid_unknown_fields=True
):
    """Find the overflow threshold from these pictures."""

    camera: Camera
    numbers: tuple[int, ...]


class Renew(msgspec.Struct, frozen=True, kw_only=True, tag="renew", forbid_unknown_fields=True):
    """Make the reference anew of what is on the bench; ``camera`` as it is in force."""

    camera: Camera


class Seen(msgspec.Struct, frozen=True, kw_only=True, tag="seen", forbid_unknown_fields=True):
    """A picture as it may be shown."""

    number: int
    jpeg: bytes


class Tried(msgspec.Struct, frozen=True, kw_only=True, tag="tried", forbid_unknown_fields=True):
    """Verdicts by picture number, and the newest as it would be stored."""

    verdicts: dict[int, SnapshotVerdicts]
    stored_jpeg: bytes | None


class Made(msgspec.Struct, frozen=True, kw_only=True, tag="made", forbid_unknown_fields=True):
    """A clean picture."""

    jpeg: bytes


class Renewed(msgspec.Struct, frozen=True, kw_only=True, tag="renewed", forbid_unknown_fields=True):
    """A reference made anew, and for which light."""

    lighting: Lighting
    jpeg: bytes


class Found(msgspec.Struct, frozen=True, kw_only=True, tag="found", forbid_unknown_fields=True):
    """A threshold."""

    threshold: OverflowThreshold


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused", forbid_unknown_fields=True):
    """Not now."""

    reason: BenchRefusal


Request = Look | TryOut | CleanPicture | FindThreshold | Renew
Answer = Seen | Tried | Made | Renewed | Found | Refused

_ENCODER = msgspec.msgpack.Encoder()
_REQUESTS = msgspec.msgpack.Decoder(Request)
_ANSWERS = msgspec.msgpack.Decoder(Answer)


def encode(message: Request | Answer) -> bytes:
    """Return the bytes of a message."""
    return _ENCODER.encode(message)


def decode_request(payload: bytes) -> Request:
    """Read a request of our own parent."""
    request: Request = _REQUESTS.decode(payload)
    return request


def decode_answer(payload: bytes) -> Answer:
    """Read an answer; raise :class:`UnreadableAnswerError`."""
    try:
        answer: Answer = _ANSWERS.decode(payload)
    except (msgspec.DecodeError, InvalidValueError) as error:
        raise UnreadableAnswerError(str(error)) from error
    return answer
