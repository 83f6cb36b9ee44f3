"""``huanwei backup``: everything of a running centre that cannot be made again, in one folder.

The order of copying makes the copies fit together without stopping anybody: whoever follows the
journal is copied before it, so no cursor is ahead of the journal; pictures come last, so every
picture that a case or a verdict names is there. The gateway's spool is left out on purpose: it
gives out sequence numbers, and an old copy would give some of them out twice.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from huanwei.business_clock import SystemClock
from huanwei.errors import StandsInTheWayError
from huanwei.run_files import CASES, FIGURES, INFLUX, JOURNAL, PICTURES, REVIEWS, SERIES
from huanwei.settings import RunSection
from ingest.record_feed import SqliteRecordFeed
from storage.backup import copy_in_use, copy_or_link, digest, sync

MANIFEST = "backup.json"
SCHEMA = 2
"""2 has what cameras learned (``figures/``), which a program that knows only 1 would misplace."""

_READABLE_SCHEMAS = (1, 2)
FILES = (CASES, REVIEWS, INFLUX, SERIES, JOURNAL)
"""Followers first, the journal last."""

REGISTRY, REFERENCES = "registry.json", "references"
_LOOKS = "calibrations/*/looks.jsonl"
"""Who was shown live pictures of a camera."""

Say = Callable[[str], None]


class BadBackupError(StandsInTheWayError):
    """A folder that is no backup, or one that has changed since it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedFile:
    """A file of a backup; ``name`` is relative to its folder."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds. ``journal_position`` is the newest entry in it."""

    made_at: datetime
    journal_position: int
    pictures: int
    files: tuple[CopiedFile, ...]


def back_up(run: RunSection, folder: Path, *, say: Say) -> Manifest:
    """Make a backup in a new folder, of a run that may be at work; return what is in it.

    The folder gets its name only when all of it is there and checked.
    """
    if folder.exists():
        msg = f"{folder} is there already: give a new name"
        raise StandsInTheWayError(msg)
    present = [name for name in FILES if (run.data / name).exists()]
    if JOURNAL not in present:
        msg = f"{run.data} has no {JOURNAL}: nothing has run there yet"
        raise StandsInTheWayError(msg)
    draft = folder.with_name(folder.name + ".unfinished")
    draft.mkdir(parents=True)
    try:
        made_at = SystemClock().now()
        for name in present:
            copy_in_use(run.data / name, draft / name)
            say(f"{name}: {(draft / name).stat().st_size:,} bytes, checked")
        manifest = Manifest(
            made_at=made_at,
            journal_position=newest_position(draft / JOURNAL),
            pictures=_copy_pictures(run.data / PICTURES, draft / PICTURES),
            files=_copied(
                draft, [*present, *_copy_registry(run, draft), *_copy_figures(run, draft)]
            ),
        )
        write_manifest(manifest, draft / MANIFEST)
        sync(draft)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft)
        raise
    sync(folder.parent)
    return manifest


def newest_position(journal: Path) -> int:
    """Return the position of the newest entry of a journal file."""
    feed = SqliteRecordFeed(journal)
    try:
        return feed.newest_position()
    finally:
        feed.close()


def write_manifest(manifest: Manifest, path: Path) -> None:
    """Write what a backup holds."""
    content = asdict(manifest) | {"schema": SCHEMA, "made_at": manifest.made_at.isoformat()}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sync(path)


def read_manifest(folder: Path) -> Manifest:
    """Return what a backup holds; raise :class:`BadBackupError` where that cannot be told."""
    try:
        content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if content["schema"] not in _READABLE_SCHEMAS:
            msg = f"{folder}: a backup of schema {content['schema']}, this program reads {SCHEMA}"
            raise BadBackupError(msg)
        return Manifest(
            made_at=datetime.fromisoformat(content["made_at"]),
            journal_position=int(content["journal_position"]),
            pictures=int(content["pictures"]),
            files=tuple(CopiedFile(**file) for file in content["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder}: no backup, or one that was never finished: {error}"
        raise BadBackupError(msg) from error


def _copy_registry(run: RunSection, draft: Path) -> list[str]:
    """Copy the registry and its reference pictures; return their names in the backup."""
    names = []
    if run.registry.exists():
        shutil.copy2(run.registry, draft / REGISTRY)
        names.append(REGISTRY)
    if run.references.is_dir():
        for file in sorted(_of_references(run.references)):
            name = f"{REFERENCES}/{file.relative_to(run.references)}"
            copy_or_link(file, draft / name)
            names.append(name)
        for file in sorted(run.references.glob(_LOOKS)):
            name = f"{REFERENCES}/{file.relative_to(run.references)}"
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            # Lines are added to it: a link would change with it.
            shutil.copy2(file, draft / name)
            names.append(name)
    return names


def _copy_figures(run: RunSection, draft: Path) -> list[str]:
    """Copy what cameras learned never to move, a file a camera; return the names in the backup.

    The edge replaces such a file, and never changes one.
    """
    names = []
    for file in sorted((run.data / FIGURES).glob("*.json")):
        name = f"{FIGURES}/{file.name}"
        copy_or_link(file, draft / name)
        names.append(name)
    return names


def _of_references(folder: Path) -> Iterator[Path]:
    """References, what cameras have learned, a head of the district's own, and every version:
    all of them files that are replaced, never changed.
    """
    for pattern in ("*.jpg", "*.json", "*.md", "calibrations/*/*.json"):
        yield from folder.glob(pattern)


def _copy_pictures(source: Path, target: Path) -> int:
    """Copy the pictures, which never change; one that the retention removes meanwhile is gone."""
    copied = 0
    for picture in source.glob("[0-9a-f][0-9a-f]/*.jpg"):
        try:
            copy_or_link(picture, target / picture.parent.name / picture.name)
        except FileNotFoundError:
            continue
        copied += 1
    return copied


def _copied(folder: Path, names: list[str]) -> tuple[CopiedFile, ...]:
    return tuple(
        CopiedFile(name=name, bytes=(folder / name).stat().st_size, sha256=digest(folder / name))
        for name in names
    )
