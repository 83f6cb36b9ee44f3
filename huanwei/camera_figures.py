"""What ``huanwei vision figures`` shows and forgets: files that the edge keeps."""

from pathlib import Path

from huanwei.errors import StandsInTheWayError
from huanwei.run_files import FIGURES
from huanwei.settings import Settings
from vision.figure_file import figures_path, forget_figures, read_figures


def figure_rows(settings: Settings, camera_id: str) -> list[dict[str, object]]:
    """Return a camera's standing figures, the best known first; the frame is in hundredths of the
    picture: left, top, width, height. Raise ``StandsInTheWayError`` for what is no id.
    """
    figures = read_figures(_path(settings.run.data / FIGURES, camera_id))
    return [
        {
            "number": figure.number,
            "permanent": figure.is_permanent,
            "frame_percent": [round(100 * share, 1) for share in figure.frame],
            "lighting": figure.lighting.value,
            "seen": f"{figure.seen} of {figure.asked}",
            "first_seen": figure.first_seen.isoformat(timespec="minutes"),
            "last_seen": figure.last_seen.isoformat(timespec="minutes"),
        }
        for figure in sorted(figures, key=lambda one: -one.seen)
    ]


def forget_camera_figures(settings: Settings, camera_id: str, number: int | None) -> int:
    """Forget one figure, or all; return how many that were. Raise ``StandsInTheWayError`` for what
    is no id, and where the file cannot be written.
    """
    folder = settings.run.data / FIGURES
    _path(folder, camera_id)
    try:
        return forget_figures(folder, camera_id, number)
    except OSError as error:
        raise StandsInTheWayError(str(error)) from error


def _path(folder: Path, camera_id: str) -> Path:
    try:
        return figures_path(folder, camera_id)
    except ValueError as error:
        raise StandsInTheWayError(str(error)) from error
