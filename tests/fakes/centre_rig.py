"""A centre for tests: the real case desk, book and links over a file, everything else in memory."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry

from alerts.case_book import CaseBook
from alerts.case_database import SqliteCases
from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.crew_links import CrewLinks
from alerts.limits import AlertRules
from alerts.notices import Notices
from alerts.orders import MoveCase, ReportCase
from alerts.store import CaseStore, SqliteCaseStore
from api.parts import CentreParts
from domain.cases import Actor, Case, CaseAction, CaseSource
from domain.problems import ProblemClass
from domain.registry import RegistrySnapshot
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_device_qualities import MemoryDeviceQualities
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_measures import MemoryMeasures
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.trusting_photo_intake import TrustingPhotoIntake
from texts.catalogue import Locale, load_catalogues

CATALOGUE = load_catalogues()
BASE_URL = "http://127.0.0.1:8000"


@dataclass(kw_only=True)
class CentreRig:
    """What a test of the API needs in its hands."""

    clock: ManualClock
    registry: MemoryRegistry
    history: MemoryHistory
    measures: MemoryMeasures
    qualities: MemoryDeviceQualities
    pictures: MemoryPictures
    photo_intake: TrustingPhotoIntake
    links: CrewLinks
    store: CaseStore
    workshop: CaseWorkshop
    desk: CaseDesk
    book: CaseBook
    cases_path: Path
    missing: dict[str, str] = field(default_factory=dict)

    def parts(self) -> CentreParts:
        """Return the parts as the composition root hands them to the API."""
        return CentreParts(
            clock=self.clock,
            registry=self.registry,
            desk=self.desk,
            book=self.book,
            history=self.history,
            measures=self.measures,
            qualities=self.qualities,
            pictures=self.pictures,
            photo_intake=self.photo_intake,
            crew_links=self.links,
            catalogue=CATALOGUE,
            metrics_registry=CollectorRegistry(),
            readiness=self._readiness,
        )

    def report(
        self, place_id: str, problem_class: ProblemClass = ProblemClass.BIN_OVERFLOW
    ) -> Case:
        """Report a problem by telephone; it is filed and dispatched by the rules."""
        return self.desk.report(
            ReportCase(
                place_id=place_id,
                problem_class=problem_class,
                source=CaseSource.TELEPHONE,
                note="",
                actor=Actor.OPERATOR,
                key=secrets.token_hex(8),
            )
        )

    def move(
        self,
        case: Case,
        action: CaseAction,
        actor: Actor,
        *,
        note: str = "",
        approved_by: str | None = None,
        photos: tuple[str, ...] = (),
    ) -> Case:
        """Take a step of a person in a case."""
        return self.desk.move(
            MoveCase(
                case_id=case.case_id,
                action=action,
                actor=actor,
                key=secrets.token_hex(8),
                note=note,
                approved_by=approved_by,
                photos=photos,
            )
        )

    def finish(self, case: Case) -> Case:
        """Let the crew accept, arrive and send its photos."""
        self.move(case, CaseAction.ACCEPT, Actor.CREW)
        self.move(case, CaseAction.ARRIVE, Actor.CREW)
        return self.move(case, CaseAction.FINISH, Actor.CREW, photos=("1" * 64, "2" * 64))

    def token(self, case: Case) -> str:
        """Return the token of the link that the case's crew was sent."""
        link = self.links.link(crew_id=case.crew_id, case_id=case.case_id)
        return link.rpartition("/")[2]

    def _readiness(self) -> Mapping[str, str]:
        return self.missing


@contextmanager
def open_centre(folder: Path, registry: RegistrySnapshot) -> Iterator[CentreRig]:
    """Open a centre over ``folder/cases.db`` and close it at the end."""
    clock, memory_registry = ManualClock(), MemoryRegistry(registry)
    links = CrewLinks(b"a secret of this test", BASE_URL, clock)
    path = folder / "cases.db"
    store = SqliteCaseStore(path)
    book = SqliteCases(path).open_book()
    notices = Notices(catalogue=CATALOGUE, locale=Locale.ZH_CN, crew_links=links)
    workshop = CaseWorkshop(
        store, clock=clock, registry=memory_registry, rules=AlertRules(), notices=notices
    )
    try:
        yield CentreRig(
            clock=clock,
            registry=memory_registry,
            history=MemoryHistory(),
            measures=MemoryMeasures(),
            qualities=MemoryDeviceQualities(),
            pictures=MemoryPictures(),
            photo_intake=TrustingPhotoIntake(),
            links=links,
            store=store,
            workshop=workshop,
            desk=CaseDesk(workshop),
            book=book,
            cases_path=path,
        )
    finally:
        book.close()
        store.close()
