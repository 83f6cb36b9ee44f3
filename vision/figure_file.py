"""The standing figures that a camera has learned, as a file beside the edge's spool."""

import os
from pathlib import Path

import msgspec
import structlog

from domain.checks import ID_PATTERN, InvalidValueError
from vision.standing_figures import StandingFigure

_log = structlog.get_logger()


def figures_path(folder: Path, camera_id: str) -> Path:
    """Return where a camera's figures lie; raise ``ValueError`` for what is no id."""
    if ID_PATTERN.fullmatch(camera_id) is None:
        msg = f"not a camera's id: {camera_id[:40]!r}"
        raise ValueError(msg)
    return folder / f"{camera_id}.json"


def read_figures(path: Path) -> tuple[StandingFigure, ...]:
    """Return what a camera has learned; a file that cannot be used is logged and counts as none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[StandingFigure, ...])
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.DecodeError, InvalidValueError) as error:
        _log.error("standing_figures_unusable", path=str(path), error=str(error))
        return ()


def write_figures(path: Path, figures: tuple[StandingFigure, ...]) -> None:
    """Replace the file in one step; raise ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(figures) + b"\n")
    draft.replace(path)


def forget_figures(folder: Path, camera_id: str, number: int | None) -> int:
    """Forget one figure, or all; return how many that were. Raise ``OSError``.

    A watching edge takes the file as it is then, and may learn what is still there again.
    """
    path = figures_path(folder, camera_id)
    known = read_figures(path)
    kept = () if number is None else tuple(one for one in known if one.number != number)
    if len(kept) != len(known):
        write_figures(path, kept)
    return len(known) - len(kept)
