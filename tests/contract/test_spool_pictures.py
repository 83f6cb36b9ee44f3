"""What every spool of pictures promises, over the fake and the real one."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.spool import PictureSpool, SpoolLimits
from gateway.spool_file import SpoolFile
from gateway.sqlite_pictures import SqlitePictureSpool
from tests.fakes.manual_clock import START
from tests.fakes.memory_spool import MemoryPictureSpool
from wire.pictures import PictureMessage, encode_picture

LIMITS = SpoolLimits(pictures=3, picture_bytes=5_000)


def picture(number: int, size: int = 100) -> PictureMessage:
    jpeg = bytes([number]) * size
    return PictureMessage(
        gateway_id="gw-1",
        device_id="camera-1",
        observed_at=START,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        jpeg=jpeg,
    )


@pytest.fixture(params=["memory", "sqlite"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PictureSpool]:
    if request.param == "memory":
        yield MemoryPictureSpool(LIMITS)
        return
    file = SpoolFile(tmp_path / "spool.db")
    yield SqlitePictureSpool(file, LIMITS)
    file.close()


def held(spool: PictureSpool) -> list[PictureMessage]:
    return [each.message for each in spool.peek(after=0, limit=100)]


def test_pictures_come_out_in_their_order(spool: PictureSpool) -> None:
    for number in (1, 2, 3):
        assert spool.put(picture(number)) == 0
    assert held(spool) == [picture(1), picture(2), picture(3)]
    assert spool.held() == 3


def test_the_oldest_goes_when_there_are_too_many(spool: PictureSpool) -> None:
    for number in (1, 2, 3):
        spool.put(picture(number))
    assert spool.put(picture(4)) == 1
    assert held(spool) == [picture(2), picture(3), picture(4)]


def test_as_many_go_as_the_bytes_ask_for(spool: PictureSpool) -> None:
    spool.put(picture(1, 1_000))
    spool.put(picture(2, 1_000))
    large = picture(3, 4_500)
    assert len(encode_picture(large)) <= LIMITS.picture_bytes
    assert spool.put(large) == 2
    assert held(spool) == [large]


def test_the_same_picture_is_kept_once(spool: PictureSpool) -> None:
    spool.put(picture(1))
    assert spool.put(picture(1)) == 0
    assert spool.held() == 1


def test_a_confirmed_picture_is_gone_and_its_number_is_not_used_again(
    spool: PictureSpool,
) -> None:
    spool.put(picture(1))
    (first,) = spool.peek(after=0, limit=10)
    assert spool.confirm([picture(1).sha256, picture(9).sha256]) == 1
    spool.put(picture(2))
    (second,) = spool.peek(after=first.number, limit=10)
    assert second.message == picture(2)
    assert spool.held() == 1


def test_pictures_survive_the_process(tmp_path: Path) -> None:
    file = SpoolFile(tmp_path / "spool.db")
    SqlitePictureSpool(file, LIMITS).put(picture(1))
    file.close()
    file = SpoolFile(tmp_path / "spool.db")
    spool = SqlitePictureSpool(file, LIMITS)
    assert held(spool) == [picture(1)]
    assert spool.put(picture(2)) + spool.put(picture(3)) == 0
    assert spool.put(picture(4)) == 1
    file.close()
