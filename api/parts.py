"""Everything the API, the console and the crew pages work with, put together by the centre."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from alerts.case_book import CaseBook
from alerts.case_desk import CaseDesk
from alerts.crew_links import CrewLinks
from domain.device_health import DEFAULT_HEALTH_LIMITS, HealthLimits
from domain.ports.calibration_store import CalibrationStore
from domain.ports.camera_bench import CameraBench
from domain.ports.clock import Clock
from domain.ports.device_quality import DeviceQualities
from domain.ports.history import History
from domain.ports.measures import Measures
from domain.ports.photo_intake import PhotoIntake
from domain.ports.picture_store import PictureStore
from domain.ports.registry import Registry
from domain.ports.review_book import ReviewBook
from texts.catalogue import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreParts:
    """The parts of the centre. All of them may be called from any thread.

    ``readiness`` returns what is missing, by part; empty when the centre can do its work.
    ``health_limits`` say when a device counts as silent: those that its alerts go by. Without
    ``calibrations`` and ``bench`` no camera is calibrated here; without ``reviews`` nothing is
    reviewed.
    """

    clock: Clock
    registry: Registry
    desk: CaseDesk
    book: CaseBook
    history: History
    measures: Measures
    qualities: DeviceQualities
    pictures: PictureStore
    photo_intake: PhotoIntake
    crew_links: CrewLinks
    catalogue: Catalogue
    metrics_registry: CollectorRegistry
    readiness: Callable[[], Mapping[str, str]]
    health_limits: HealthLimits = DEFAULT_HEALTH_LIMITS
    calibrations: CalibrationStore | None = None
    bench: CameraBench | None = None
    reviews: ReviewBook | None = None
