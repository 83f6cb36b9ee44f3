"""Tries a detector's file in a process of its own before anything is watched with it; loads no
OpenCV, for the parent's sake.
"""

import subprocess
from pathlib import Path

from vision.process_limits import child_command, child_environment

_PATIENCE_S = 60.0
_LONGEST_TEXT = 300


class DetectorRefusedError(Exception):
    """The file is no detector that this program can use. The text says which file and why."""


def check_detector(path: Path) -> None:
    """Load the file and look at an empty picture; raise :class:`DetectorRefusedError`."""
    try:
        tried = subprocess.run(  # noqa: S603  our own module, the path is no option of it
            child_command("vision.detector_process", str(path)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=child_environment(),
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        msg = f"{path}: does not answer within {_PATIENCE_S:.0f} s"
        raise DetectorRefusedError(msg) from error
    if tried.returncode != 0:
        lines = tried.stderr.decode(errors="replace").strip().splitlines()
        why = lines[-1][:_LONGEST_TEXT] if lines else f"its process ended by {tried.returncode}"
        raise DetectorRefusedError(why if str(path) in why else f"{path}: {why}")
