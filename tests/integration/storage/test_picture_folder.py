import errno
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.checks import InvalidValueError
from storage.picture_folder import PictureFolder

JPEG = b"\xff\xd8 any bytes \xff\xd9"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


def path_of(root: Path, sha256: str) -> Path:
    return root / sha256[:2] / f"{sha256}.jpg"


def test_a_picture_is_one_file_that_others_cannot_read(root: Path) -> None:
    sha256 = PictureFolder(root).put(JPEG)
    files = [path for path in root.rglob("*") if path.is_file()]
    assert files == [path_of(root, sha256)]
    assert stat.S_IMODE(files[0].stat().st_mode) & 0o037 == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, "A" * 64, "a" * 64 + "\n"])
def test_a_name_that_is_no_hash_never_becomes_a_path(root: Path, name: str) -> None:
    with pytest.raises(InvalidValueError):
        PictureFolder(root).get(name)


def test_a_picture_that_cannot_be_synced_is_not_there(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    folder = PictureFolder(root)
    folder.put(b"one before, so that the folders exist")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        folder.put(JPEG)
    monkeypatch.undo()
    assert len([path for path in root.rglob("*") if path.is_file()]) == 1
    assert folder.get(folder.put(JPEG)) == JPEG


def test_old_pictures_and_left_over_drafts_are_removed(root: Path) -> None:
    folder = PictureFolder(root)
    now = datetime.now(UTC)
    old, again, new = (folder.put(JPEG + bytes([n])) for n in range(3))
    draft = path_of(root, old).with_name(f"{old}.jpg.0123456789ab")
    draft.write_bytes(b"half a pict")
    month_ago = (now - timedelta(days=30)).timestamp()
    for path in (path_of(root, old), path_of(root, again), draft):
        os.utime(path, (month_ago, month_ago))
    folder.put(JPEG + bytes([1]))
    assert folder.remove_older_than(now - timedelta(days=29)) == 2
    assert folder.get(old) is None
    assert folder.get(again) is not None
    assert folder.get(new) is not None
    assert not draft.exists()


def test_a_folder_that_was_never_written_has_nothing_to_remove(root: Path) -> None:
    assert PictureFolder(root).remove_older_than(datetime.now(UTC)) == 0


def test_many_threads_that_put_the_same_picture_leave_it_whole(root: Path) -> None:
    folder = PictureFolder(root)
    jpeg = os.urandom(200_000)
    hashes: list[str] = []
    threads = [threading.Thread(target=lambda: hashes.append(folder.put(jpeg))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashes) == 6
    assert folder.get(hashes[0]) == jpeg
    assert len([path for path in root.rglob("*") if path.is_file()]) == 1
