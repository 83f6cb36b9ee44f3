"""``huanwei vision check``: scores photographs, and says which could not be judged and why."""

from collections.abc import Sequence
from pathlib import Path

from huanwei.errors import StandsInTheWayError
from vision.check import BinBoxError, check_picture, parse_bin_box
from vision.picture_input import UnreadablePictureError


class BadBinBoxError(StandsInTheWayError):
    """The box given with ``--bin`` is none."""


def check_pictures(
    paths: Sequence[Path], bin_box: str | None
) -> tuple[list[dict[str, object]], bool]:
    """Return a finding a picture, and whether all could be judged. One bad file stops none."""
    try:
        box = None if bin_box is None else parse_bin_box(bin_box)
    except BinBoxError as error:
        raise BadBinBoxError(str(error)) from error
    findings: list[dict[str, object]] = []
    for path in paths:
        try:
            finding = check_picture(path.read_bytes(), bin_box=box).as_json()
        except (OSError, UnreadablePictureError, BinBoxError) as error:
            finding = {"error": str(error)}
        findings.append({"picture": str(path), **finding})
    return findings, not any("error" in finding for finding in findings)
