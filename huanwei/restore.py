"""``huanwei restore``: puts a backup back in the place of a run that stands still."""

import shutil
import sqlite3
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from huanwei.backup import (
    FILES,
    REFERENCES,
    REGISTRY,
    BadBackupError,
    CopiedFile,
    Manifest,
    Say,
    newest_position,
    read_manifest,
)
from huanwei.business_clock import SystemClock
from huanwei.run_files import FIGURES, JOURNAL, PICTURES
from huanwei.settings import RunSection
from storage.backup import (
    check_whole,
    copy_or_link,
    digest,
    put_in_place,
    set_aside,
    sync,
    take_over,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore has done.

    ``lost`` journal entries were newer than the backup, None when a damaged journal could not
    tell; they, and all that was replaced, are kept in ``aside``.
    """

    manifest: Manifest
    aside: Path
    lost: int | None


def check_backup(folder: Path) -> Manifest:
    """Compare every file of a backup with its digest, and let SQLite check its own.

    Raises :class:`BadBackupError` or ``DamagedFileError``, naming the first file that is wrong.
    """
    manifest = read_manifest(folder)
    for file in manifest.files:
        path = folder / file.name
        if not path.is_file() or digest(path) != file.sha256:
            msg = f"{path}: missing, or not what was backed up"
            raise BadBackupError(msg)
        if file.name in FILES:
            check_whole(path)
    if JOURNAL not in {file.name for file in manifest.files}:
        msg = f"{folder}: a backup without {JOURNAL}"
        raise BadBackupError(msg)
    return manifest


def restore(folder: Path, run: RunSection, *, say: Say) -> Restored:
    """Put a backup in the place of a run, keeping all that was there aside.

    Raises ``FileInUseError`` while a process of the run works, and what :func:`check_backup`
    raises; then nothing has changed. When it is interrupted, run it again: each file is the old
    one or the new one. What a backup of an older program lacks stays as it is.
    """
    manifest = check_backup(folder)
    run.data.mkdir(parents=True, exist_ok=True)
    stamp = SystemClock().now().strftime("%Y%m%dT%H%M%SZ")
    aside = run.data / f"replaced-{stamp}"
    places = {file.name: _place_of(file, run) for file in manifest.files}
    with ExitStack() as held:
        for name in FILES:
            held.callback(take_over(run.data / name).release)
        lost = _newer_than(manifest, run.data / JOURNAL)
        for name, place in places.items():
            _stage(folder / name, _staged(place))
        for name in set(FILES) - places.keys():
            # A cursor from after the backup would skip what the journal gives out again.
            set_aside(run.data / name, aside=aside)
        for name, place in places.items():
            put_in_place(_staged(place), place, aside=(aside / name).parent)
            say(f"{name}: restored")
        _bring_back_pictures(folder / PICTURES, run.data / PICTURES)
    return Restored(manifest=manifest, aside=aside, lost=lost)


def _newer_than(manifest: Manifest, journal: Path) -> int | None:
    try:
        return max(0, newest_position(journal) - manifest.journal_position)
    except sqlite3.DatabaseError:
        return None


def _staged(place: Path) -> Path:
    return place.with_name(f".{place.name}.restoring")


def _stage(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o600)
    sync(target)


def _place_of(file: CopiedFile, run: RunSection) -> Path:
    if file.name in FILES:
        return run.data / file.name
    path = Path(file.name)
    if ".." in path.parts:
        msg = f"{file.name}: leads out of the backup"
        raise BadBackupError(msg)
    if path.parts[0] == REFERENCES:
        return run.references.joinpath(*path.parts[1:])
    if path.parts[0] == FIGURES:
        return run.data / path
    if file.name == REGISTRY:
        return run.registry
    msg = f"{file.name}: nobody knows where this belongs"
    raise BadBackupError(msg)


def _bring_back_pictures(source: Path, target: Path) -> None:
    """Add the pictures that are not here any more; newer ones stay."""
    for picture in source.glob("[0-9a-f][0-9a-f]/*.jpg"):
        place = target / picture.parent.name / picture.name
        if not place.exists():
            copy_or_link(picture, place)
