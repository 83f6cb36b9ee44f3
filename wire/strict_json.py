"""JSON read strictly: size before content, then shape, then values; one error for all."""

from typing import TypeVar

import msgspec

from wire.errors import UnreadablePayloadError, UnreadableReason

T = TypeVar("T")


def check_size(payload: bytes, most_bytes: int) -> None:
    """Raise :class:`UnreadablePayloadError` unless there are 1 to ``most_bytes`` bytes."""
    if not payload:
        raise UnreadablePayloadError(UnreadableReason.EMPTY, "no bytes")
    if len(payload) > most_bytes:
        detail = f"{len(payload)} bytes, at most {most_bytes}"
        raise UnreadablePayloadError(UnreadableReason.TOO_LARGE, detail)


def read_json(decoder: msgspec.json.Decoder[T], payload: bytes, *, most_bytes: int) -> T:
    """Return what ``decoder`` reads; raise :class:`UnreadablePayloadError` naming the reason.

    NaN and infinities are no JSON and fail here, as do invalid UTF-8 and lone surrogates.
    """
    check_size(payload, most_bytes)
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise UnreadablePayloadError(UnreadableReason.WRONG_SHAPE, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadablePayloadError(UnreadableReason.MALFORMED, str(error)) from error
    except RecursionError as error:
        raise UnreadablePayloadError(UnreadableReason.TOO_DEEP, "nested too deeply") from error
