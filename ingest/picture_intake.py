"""Pictures on their way in: checked, stored as a file, then a row, then acknowledged."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from domain.checks import SHA256_PATTERN
from domain.ports.picture_store import PictureStore
from domain.registry import RegistrySnapshot
from ingest.dead_letters import DeadLetter, dead_letter
from ingest.instants import to_us
from ingest.judge import impossible_time
from ingest.ports.journal import PictureRow
from ingest.reasons import RefusalReason
from wire.errors import UnreadablePayloadError
from wire.pictures import PictureMessage, decode_picture


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOutcome:
    """A ``row`` for a picture that is stored now, or the ``letter`` of one that was refused.

    ``sha256`` is what the gateway calls it, for the ack; None where that could not be read.
    ``device_id`` is the registered camera that it is of, or empty.
    """

    sha256: str | None
    device_id: str = ""
    row: PictureRow | None = None
    letter: DeadLetter | None = None


class PictureIntake:
    """Takes pictures as they come on the wire into the store."""

    def __init__(self, store: PictureStore) -> None:
        self._store = store

    def admit(
        self, gateway_id: str, payload: bytes, *, registry: RegistrySnapshot, now: datetime
    ) -> PictureOutcome:
        """Store the picture or refuse it; raises ``OSError`` when the store cannot take it."""
        try:
            message = decode_picture(payload)
        except UnreadablePayloadError as error:
            letter = dead_letter(
                RefusalReason.UNREADABLE_PICTURE,
                payload,
                detail=str(error),
                at=now,
                gateway_id=gateway_id,
                keep_payload=False,
            )
            return PictureOutcome(sha256=_claimed_sha256(payload), letter=letter)
        reason = _refusal(message, gateway_id, registry=registry, now=now)
        if reason is not None:
            letter = dead_letter(
                reason,
                payload,
                detail=f"{message.device_id}, picture {message.sha256}",
                at=now,
                gateway_id=gateway_id,
                keep_payload=False,
            )
            device_id = message.device_id if message.device_id in registry.cameras else ""
            return PictureOutcome(sha256=message.sha256, device_id=device_id, letter=letter)
        sha256 = self._store.put(message.jpeg)
        row = PictureRow(sha256, message.device_id, to_us(message.observed_at), to_us(now))
        return PictureOutcome(sha256=sha256, row=row)


def _refusal(
    message: PictureMessage, gateway_id: str, *, registry: RegistrySnapshot, now: datetime
) -> RefusalReason | None:
    if message.gateway_id != gateway_id:
        return RefusalReason.ID_MISMATCH
    camera = registry.cameras.get(message.device_id)
    if camera is None:
        return RefusalReason.UNKNOWN_CAMERA
    if camera.gateway_id != gateway_id:
        return RefusalReason.FOREIGN_GATEWAY
    return impossible_time(message.observed_at, now=now)


class _Claim(msgspec.Struct):
    """The one field of an unreadable picture that is worth reading: which one to acknowledge."""

    sha256: str


_CLAIM = msgspec.msgpack.Decoder(_Claim)


def _claimed_sha256(payload: bytes) -> str | None:
    try:
        sha256 = _CLAIM.decode(payload).sha256
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return sha256 if SHA256_PATTERN.fullmatch(sha256) else None
