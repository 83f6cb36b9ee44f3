import errno
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from ingest.inbox import Arrival
from ingest.picture_intake import PictureIntake
from ingest.reasons import RefusalReason
from ingest.rounds import Rounds
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import (
    BOOT,
    CAMERA,
    GATEWAY,
    OTHER_GATEWAY,
    batch,
    fill_record,
    sensor_id,
)
from tests.fakes.manual_clock import START
from tests.fakes.memory_pictures import MemoryPictures
from wire.acks import Ack
from wire.pictures import PictureMessage, encode_picture

JPEG = b"\xff\xd8 not looked into here \xff\xd9"
SHA256 = hashlib.sha256(JPEG).hexdigest()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[IngestRig]:
    with IngestRig(tmp_path) as rig:
        yield rig


def picture(*, device_id: str = CAMERA, gateway_id: str = GATEWAY, at: datetime = START) -> bytes:
    return encode_picture(
        PictureMessage(
            gateway_id=gateway_id, device_id=device_id, observed_at=at, sha256=SHA256, jpeg=JPEG
        )
    )


def receive(rig: IngestRig, *payloads: bytes, gateway_id: str = GATEWAY) -> list[tuple[str, Ack]]:
    return rig.rounds.run([], [Arrival(gateway_id, payload) for payload in payloads])


def test_a_picture_is_stored_and_acknowledged_by_its_hash(rig: IngestRig) -> None:
    assert receive(rig, picture()) == [(GATEWAY, Ack(pictures=(SHA256,)))]
    assert rig.pictures.get(SHA256) == JPEG
    assert rig.counted("pictures_total") == 1
    rows = rig.sqlite.execute("SELECT sha256, device_id FROM pictures")
    assert rows.fetchall() == [(SHA256, CAMERA)]


def test_a_picture_again_changes_nothing_and_is_acknowledged_again(rig: IngestRig) -> None:
    receive(rig, picture())
    assert receive(rig, picture(), picture()) == [(GATEWAY, Ack(pictures=(SHA256,)))]
    assert len(rig.pictures.stored) == 1


@pytest.mark.parametrize(
    ("payload", "topic_gateway", "reason"),
    [
        (picture(device_id="camera-9"), GATEWAY, RefusalReason.UNKNOWN_CAMERA),
        (picture(device_id=sensor_id(0)), GATEWAY, RefusalReason.UNKNOWN_CAMERA),
        (picture(), OTHER_GATEWAY, RefusalReason.ID_MISMATCH),
        (picture(gateway_id=OTHER_GATEWAY), OTHER_GATEWAY, RefusalReason.FOREIGN_GATEWAY),
        (
            picture(at=datetime(1970, 1, 1, tzinfo=UTC)),
            GATEWAY,
            RefusalReason.OBSERVED_BEFORE_2020,
        ),
        (picture().replace(JPEG, JPEG[::-1]), GATEWAY, RefusalReason.UNREADABLE_PICTURE),
    ],
)
def test_a_refused_picture_is_not_kept_but_acknowledged_or_it_would_come_for_ever(
    rig: IngestRig, payload: bytes, topic_gateway: str, reason: RefusalReason
) -> None:
    acks = receive(rig, payload, gateway_id=topic_gateway)
    assert acks == [(topic_gateway, Ack(pictures=(SHA256,)))]
    (letter,) = rig.letters()
    assert letter.reason is reason
    assert letter.payload == b""  # it may not be masked
    assert letter.size == len(payload)
    assert rig.pictures.stored == {}


class FullPictures(MemoryPictures):
    """Takes nothing while it is full."""

    full = True

    def put(self, jpeg: bytes) -> str:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left on device")
        return super().put(jpeg)


def test_a_full_picture_store_holds_up_no_record_and_its_pictures_come_again(
    rig: IngestRig,
) -> None:
    pictures = FullPictures()
    rounds = Rounds(
        journal=rig.journal,
        pictures=PictureIntake(pictures),
        registry=rig.registry,
        clock=rig.clock,
        metrics=rig.metrics,
    )
    records = [Arrival(GATEWAY, batch({1: fill_record()}))]
    assert rounds.run(records, [Arrival(GATEWAY, picture())]) == [
        (GATEWAY, Ack(boot_id=BOOT, through=1))
    ]
    assert rounds.pictures_failing
    assert rig.counted("unstored_pictures_total") == 1
    pictures.full = False
    acks = rounds.run([], [Arrival(GATEWAY, picture())])
    assert acks == [(GATEWAY, Ack(pictures=(SHA256,)))]
    assert not rounds.pictures_failing


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        picture()[:-5],
        b"\x91" * 5_000,
        b"\xff\xd8" * 200_000,
        msgspec.msgpack.encode({"sha256": "../../etc/passwd"}),
    ],
)
def test_a_payload_that_names_no_picture_is_counted_and_not_acknowledged(
    rig: IngestRig, payload: bytes
) -> None:
    assert receive(rig, payload) == []
    assert [letter.reason for letter in rig.letters()] == [RefusalReason.UNREADABLE_PICTURE]
