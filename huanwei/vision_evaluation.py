"""``huanwei vision evaluate``: its errors are told as what stands in the way."""

from pathlib import Path

from huanwei.errors import StandsInTheWayError
from vision.detector_file import UnusableDetectorError, load_detector
from vision.evaluation.clips import UnusableClipError
from vision.evaluation.litter import evaluate_litter


class UnusableEvaluationError(StandsInTheWayError):
    """The list, a clip or the detector's file cannot be used."""


def litter_report(events: Path, detector: Path | None) -> dict[str, object]:
    """Return what ``evaluate litter`` prints."""
    try:
        finder = None if detector is None else load_detector(detector)
        return evaluate_litter(events, detector=finder)
    except (UnusableClipError, UnusableDetectorError) as error:
        raise UnusableEvaluationError(str(error)) from error
