"""``huanwei vision evaluate overflow`` and ``huanwei vision calibrate``: their errors
are told as what stands in the way.
"""

from pathlib import Path

from huanwei.errors import StandsInTheWayError
from vision.evaluation.overflow import UnusableCropsError, evaluate_overflow, score_normals
from vision.lite0_file import UnusableWeightsError
from vision.overflow_calibration import calibrate, calibration_path, write_calibration
from vision.overflow_network import (
    OverflowNetwork,
    UnusableNetworkError,
    load_network,
    parse_network_head,
    run_overflow_network,
    shipped_network_head,
)
from vision.overflow_score import UnusableHeadError


class UnusableOverflowDataError(StandsInTheWayError):
    """A folder of crops or the network's file cannot be used. The text says which and why."""


def overflow_report(
    folder: Path, *, normals: Path | None, backbone: Path | None, head: Path | None = None
) -> dict[str, object]:
    """Return what ``evaluate overflow`` prints."""
    classifier = _classifier(backbone, head)
    try:
        found = evaluate_overflow(
            folder,
            classifier.crop_logit,
            normals=normals,
            trained_on=classifier.head.trained_on,
        )
    except UnusableCropsError as error:
        raise UnusableOverflowDataError(str(error)) from error
    return {
        **found,
        "network": type(classifier.network).__name__,
        "network_sha256": classifier.network.sha256,
        "head_trained_on_sha256": classifier.head.network_sha256,
        "head_trained_by": classifier.head.provenance.trained_by,
    }


def _classifier(backbone: Path | None, head: Path | None) -> OverflowNetwork:
    try:
        trained = shipped_network_head() if head is None else parse_network_head(head.read_bytes())
    except (OSError, UnusableHeadError) as error:
        msg = f"{head}: {error}"
        raise UnusableOverflowDataError(msg) from error
    try:
        return OverflowNetwork(load_network(backbone), trained)
    except (OSError, UnusableNetworkError, UnusableWeightsError) as error:
        msg = f"{backbone or 'the shipped network'}: {error}"
        raise UnusableOverflowDataError(msg) from error


def calibrate_camera(
    camera_id: str, normals: Path, references: Path, *, classifier: OverflowNetwork | None = None
) -> dict[str, object]:
    """Set a camera's overflow threshold by crops of its normal bins; return what was written."""
    classifier = classifier or run_overflow_network(references)
    try:
        path = calibration_path(references, camera_id)
        found = calibrate(
            score_normals(normals, classifier.crop_logit).logits.tolist(),
            network_sha256=classifier.identity,
        )
        write_calibration(path, found)
    except (OSError, ValueError, UnusableCropsError) as error:
        raise UnusableOverflowDataError(str(error)) from error
    return {
        "written": str(path),
        "threshold_logit": round(found.threshold, 4),
        "normal_pictures": found.normal_pictures,
    }
