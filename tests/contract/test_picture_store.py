"""One suite over the picture stores, real and fake."""

import hashlib
from pathlib import Path

import pytest

from domain.ports.picture_store import PictureStore
from storage.picture_folder import PictureFolder
from tests.fakes.memory_pictures import MemoryPictures

JPEG = b"\xff\xd8 any bytes \xff\xd9"
SHA256 = hashlib.sha256(JPEG).hexdigest()


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PictureStore:
    return PictureFolder(tmp_path / "pictures") if request.param == "folder" else MemoryPictures()


def test_a_picture_comes_back_by_its_hash(store: PictureStore) -> None:
    assert store.put(JPEG) == SHA256
    assert store.get(SHA256) == JPEG


def test_what_was_never_put_is_not_here(store: PictureStore) -> None:
    assert store.get(SHA256) is None


def test_putting_twice_is_putting_once(store: PictureStore) -> None:
    assert store.put(JPEG) == store.put(JPEG)
    assert store.get(SHA256) == JPEG


def test_pictures_do_not_mix(store: PictureStore) -> None:
    hashes = [store.put(JPEG + bytes([n])) for n in range(20)]
    assert [store.get(sha256) for sha256 in hashes] == [JPEG + bytes([n]) for n in range(20)]
