"""Some hours of the simulated district, ending now: its devices speak, alerts fire, crews work.

Everything on the way is ours: frames are read by the gateway's code, records go into series and
evaluation, cases are worked on by orders. Only the network between is left out.
"""

import functools
import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry

from alerts.case_book import BookChangeFeed
from alerts.case_database import SqliteCases
from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.crew_links import CrewLinks
from alerts.evaluation import Evaluation
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.notices import Notices
from alerts.orders import MoveCase
from domain.cases import Actor, Case, CaseAction, CaseState
from domain.devices import Camera, ZoneKind
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    JournalEntry,
    Record,
    SnapshotVerdicts,
    Verdict,
    VerdictState,
)
from firmware_sim.district import build_district
from firmware_sim.faults import FaultPlan
from firmware_sim.ground import PlaceTruth
from firmware_sim.scenario import CALM
from firmware_sim.seconds import seconds_of
from firmware_sim.sensor_field import SensorField
from firmware_sim.world import World
from gateway.emptying import EmptyingRule
from gateway.filling import FillingLimits
from gateway.intake import MessageIntake
from gateway.sources import read_chirpstack, read_own_device
from ingest.history import SqliteHistory
from ingest.influx.health_lines import HealthLines
from ingest.influx.place_lines import PlaceLines
from ingest.influx.source import LineSource
from ingest.series import SqliteSeries
from ingest.stretch import NOTHING
from tests.fakes.journal_stretches import stretch_of
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from texts.catalogue import Locale, load_catalogues

GATEWAY = "gw-test"
STEP = timedelta(minutes=10)
HOURS = 14
_ACCEPTED_AFTER, _FINISHED_AFTER = timedelta(minutes=20), timedelta(minutes=50)
_GROUND = (
    ProblemClass.BAGGED_WASTE_ON_GROUND,
    ProblemClass.SCATTERED_LITTER,
    ProblemClass.EXPOSED_WASTE,
)

_catalogue = functools.cache(load_catalogues)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a camera had before it."""

    camera_id: str
    truth: PlaceTruth
    at: datetime


class DistrictLife:
    """Lives through the hours before ``until``; afterwards its parts hold what a run would."""

    def __init__(self, folder: Path, until: datetime, *, hours: int = HOURS) -> None:
        self.until = until
        self.started_at = until - timedelta(hours=hours)
        district = build_district(7, simulator_url="http://127.0.0.1:8010", gateway_id=GATEWAY)
        self.registry = district.registry
        self.world = World(district, started_at=self.started_at)
        self.clock = ManualClock(self.started_at)
        self.feed = MemoryRecordFeed()
        self.lines: list[bytes] = []
        """Points of places and devices, told while it lived."""
        self.scenes: dict[str, Scene] = {}
        """What each picture shows, by its address."""
        known = MemoryRegistry(self.registry)
        self.series = SqliteSeries(folder / "series.db")
        self.history = SqliteHistory(folder / "series.db")
        cases = SqliteCases(folder / "cases.db")
        self._store = cases.open_store(evaluates=True)
        self.book = cases.open_book()
        self.changes = BookChangeFeed(self.book)
        rules = AlertRules()
        links = CrewLinks(b"a secret of this test", "http://127.0.0.1:8000", self.clock)
        workshop = CaseWorkshop(
            self._store,
            clock=self.clock,
            registry=known,
            rules=rules,
            notices=Notices(catalogue=_catalogue(), locale=Locale.ZH_CN, crew_links=links),
        )
        self._evaluation = Evaluation(workshop, self.feed, rules, AlertMetrics(CollectorRegistry()))
        self._desk = CaseDesk(workshop)
        faults = FaultPlan(CALM, seed=district.seed, started_s=seconds_of(self.started_at))
        self._field = SensorField(self.world, faults)
        self._intake = MessageIntake(
            gateway_id=GATEWAY, emptying=EmptyingRule(), limits=FillingLimits(), notes={}
        )
        self._silent = sorted(self.registry.sensors)[5]
        self._told: list[tuple[LineSource, int]] = [
            (
                PlaceLines(history=self.history, work=self.book, registry=known, clock=self.clock),
                0,
            ),
            (HealthLines(history=self.history, registry=known, clock=self.clock), 0),
        ]
        self._keys = 0
        self._rng = random.Random(3)

    def live(self) -> None:
        """Let the hours pass."""
        while self.clock.now() < self.until:
            self.clock.advance(seconds=STEP.total_seconds())
            self._overfill()
            entries = [self._received(record) for record in self._spoken()]
            self.series.append(stretch_of(entries))
            while self._evaluation.follow_once():
                pass
            self._evaluation.tick()
            self._work()
            self._tell()
        self.series.append(NOTHING)

    def _spoken(self) -> Iterator[Record]:
        now = self.clock.now()
        for sending in self._field.due(seconds_of(now)):
            frame = sending.frame
            if frame is None or (sending.line.device_id == self._silent and self._is_late()):
                continue
            read = read_own_device if frame.topic.startswith("huanwei") else read_chirpstack
            taken = self._intake.take(
                read,
                topic=frame.topic,
                payload=frame.payload,
                registry=self.registry,
                gateway_at=sending.line.at,
            )
            yield from taken.records
        for camera in self.registry.cameras.values():
            yield self._snapshot(camera, now)

    def _is_late(self) -> bool:
        return self.until - self.clock.now() < timedelta(hours=6)

    def _received(self, record: Record) -> JournalEntry:
        return self.feed.append_record(record, gateway_id=GATEWAY)

    def _snapshot(self, camera: Camera, now: datetime) -> Record:
        """Say what a camera without faults would: the truth about its zones."""
        truth = self.world.truth(camera.place_id, now)
        picture = picture_hash(camera.device_id, now)
        self.scenes[picture] = Scene(camera_id=camera.device_id, truth=truth, at=now)
        verdicts = []
        for zone in camera.zones:
            if zone.kind is ZoneKind.IGNORE:
                continue
            classes = (ProblemClass.BIN_OVERFLOW,) if zone.kind is ZoneKind.BIN else _GROUND
            for problem in classes:
                there = problem in truth.problems
                if zone.container_id is not None:
                    there = truth.levels[zone.container_id] >= 1.0
                verdicts.append(
                    Verdict(
                        zone_id=zone.zone_id,
                        problem_class=problem,
                        state=VerdictState.PRESENT if there else VerdictState.CLEAR,
                        score=0.9 if there else 0.1,
                    )
                )
        return Record(
            device_id=camera.device_id,
            observed_at=now,
            gateway_at=now,
            values=SnapshotVerdicts(
                camera_health=CameraHealth.OK,
                verdicts=tuple(verdicts),
                picture_sha256=picture,
            ),
        )

    def _overfill(self) -> None:
        """So that whatever the hour of the day, something is wrong now and was before."""
        left = self.until - self.clock.now()
        bins = sorted(self.registry.containers)
        for hours, count in ((12, 2), (9, 2), (3, 2), (1, 3)):
            if left == timedelta(hours=hours):
                for container_id in self._rng.sample(bins, count):
                    self.world.overfill(container_id, self.clock.now())

    def _work(self) -> None:
        """Crews accept and finish; every fifth case nobody takes."""
        now = self.clock.now()
        for case in self.book.open_cases():
            if int(hashlib.sha256(case.case_id.encode()).hexdigest(), 16) % 5 == 0:
                continue
            since = now - case.opened_at
            to_accept = case.state in {CaseState.DISPATCHED, CaseState.REWORK}
            if to_accept and since >= _ACCEPTED_AFTER:
                self._move(case, CaseAction.ACCEPT)
            elif case.state is CaseState.IN_PROGRESS and since >= _FINISHED_AFTER:
                self.world.visit(case.place_id, now, actor=case.crew_id)
                if case.arrived_at is None:
                    self._move(case, CaseAction.ARRIVE)
                photos = tuple(picture_hash(f"{case.case_id}-{n}", now) for n in (1, 2))
                self._photographed(case.place_id, photos, now)
                self._move(case, CaseAction.FINISH, photos=photos)

    def _photographed(self, place_id: str, photos: Sequence[str], at: datetime) -> None:
        """A crew's photos show what a camera there sees, where there is one."""
        for camera in self.registry.cameras_at[place_id]:
            scene = Scene(camera_id=camera.device_id, truth=self.world.truth(place_id, at), at=at)
            self.scenes |= dict.fromkeys(photos, scene)

    def _move(self, case: Case, action: CaseAction, *, photos: tuple[str, ...] = ()) -> None:
        self._keys += 1
        self._desk.move(
            MoveCase(
                case_id=case.case_id,
                action=action,
                actor=Actor.CREW,
                key=f"key-{self._keys}",
                note="",
                approved_by=None,
                photos=photos,
            )
        )

    def _tell(self) -> None:
        for index, (source, after) in enumerate(self._told):
            page = source.read(after=after, limit=5_000)
            if page is not None:
                self.lines += page.told.lines
                self._told[index] = (source, page.through)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.book.close()
        self._store.close()
        self.history.close()
        self.series.close()


def picture_hash(what: str, at: datetime) -> str:
    """Return the address of a picture that nobody has taken."""
    return hashlib.sha256(f"{what} {at.astimezone(UTC).isoformat()}".encode()).hexdigest()
