"""What people do with cameras at the centre: calibrate them, and review what they saw."""

from dataclasses import dataclass

from domain.ports.clock import Clock
from domain.ports.registry import Registry, RegistryEditor
from huanwei.camera_logins import camera_logins
from huanwei.process import Closing
from huanwei.run_files import REVIEWS
from huanwei.run_stores import postgres_url, who
from huanwei.settings import Settings
from storage.registry_editing import RegistryFileEditor
from vision.bench import ProcessBench
from vision.calibration_folder import CalibrationFolder
from vision.learned import LearningReviews
from vision.review_file import ReviewFile


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraWork:
    """The parts; ``closing`` ends them."""

    calibrations: CalibrationFolder
    bench: ProcessBench
    reviews: LearningReviews
    closing: tuple[Closing, ...]


def camera_work(settings: Settings, registry: Registry, clock: Clock) -> CameraWork:
    """Put them together over the run's files, and the registry wherever it is.

    Raises ``FileInUseError`` and ``DamagedFileError`` for the file of reviews.
    """
    run = settings.run
    book = ReviewFile(run.data / REVIEWS)
    editor, closing = registry_editor(settings, clock)
    return CameraWork(
        calibrations=CalibrationFolder(folder=run.references, registry=registry, editor=editor),
        bench=ProcessBench(
            references_folder=run.references,
            overflow_network=settings.edge.overflow_network,
            logins=camera_logins(settings),
        ),
        reviews=LearningReviews(book, folder=run.references, now=clock.now),
        closing=(Closing(book), *closing),
    )


def registry_editor(settings: Settings, clock: Clock) -> tuple[RegistryEditor, tuple[Closing, ...]]:
    """Return what changes the run's registry, and what is to be closed with it."""
    url = postgres_url(settings)
    if url is None:
        return RegistryFileEditor(settings.run.registry), ()
    from storage.postgres_registry import PostgresRegistryWriter  # noqa: PLC0415  a district's alone

    writer = PostgresRegistryWriter(url, by=who(), now=clock.now)
    return writer, (Closing(writer),)
