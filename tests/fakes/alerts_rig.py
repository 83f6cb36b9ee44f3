"""The alerts part for tests: real store, rules and desk; feed, clock and channel in memory."""

import functools
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry

from alerts.address_posts import remembered_budget
from alerts.case_database import CaseDatabase
from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.crew_links import CrewLinks
from alerts.delivery import Delivery
from alerts.evaluation import Evaluation
from alerts.limits import AlertRules
from alerts.metrics import AlertMetrics
from alerts.notices import Notices
from alerts.notifier import Notifier
from alerts.notifiers.console import ConsoleNotifier
from alerts.orders import MoveCase
from alerts.outbox import Channel
from domain.cases import Actor, Case, CaseAction
from domain.devices import Camera, FillSensor, SensorModel, Zone, ZoneKind
from domain.places import (
    AreaKind,
    Crew,
    GeoPoint,
    Name,
    Place,
    PlaceKind,
    ResponsibleUnit,
    Subdistrict,
    UnitKind,
    WasteContainer,
)
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    Emptied,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
    Values,
    Verdict,
    VerdictState,
)
from domain.registry import RegistrySnapshot
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.recording_notifier import RecordingNotifier
from texts.catalogue import Locale, load_catalogues

PHOTOS = ("1" * 64, "2" * 64)
PICTURE = "c" * 64

_catalogue = functools.cache(load_catalogues)
_SQUARE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4))


def _place(place_id: str) -> Place:
    return Place(
        place_id=place_id,
        name=Name(zh=f"{place_id}号点", en=f"Point {place_id}"),
        kind=PlaceKind.COLLECTION_POINT,
        area_kind=AreaKind.BACK_ALLEY,
        subdistrict_id="sub-1",
        grid_cell_id="grid-1",
        location=GeoPoint(latitude_deg=30.0, longitude_deg=110.0),
        unit_id="unit-place",
        collecting_unit_id="unit-collecting",
        crew_id="crew-place",
        collecting_crew_id="crew-collecting",
    )


def _sensor(device_id: str, place_id: str) -> FillSensor:
    return FillSensor(
        device_id=device_id,
        place_id=place_id,
        container_id=f"bin-{device_id}",
        gateway_id="gateway-1",
        model=SensorModel.HUANWEI_JSON,
        report_interval_s=300,
        dead_zone_mm=200,
    )


def alerts_registry() -> RegistrySnapshot:
    """``watched`` has two sensors and a camera on the first bin and the ground; ``plain`` has one
    sensor and no camera.
    """
    sensors = {
        sensor.device_id: sensor
        for sensor in (
            _sensor("near", "watched"),
            _sensor("far", "watched"),
            _sensor("only", "plain"),
        )
    }
    camera = Camera(
        device_id="camera",
        place_id="watched",
        gateway_id="gateway-1",
        snapshot_url="http://127.0.0.1:1/snapshot.jpg",
        snapshot_interval_s=60,
        zones=(
            Zone(zone_id="zone-bin", kind=ZoneKind.BIN, polygon=_SQUARE, container_id="bin-near"),
            Zone(zone_id="zone-ground", kind=ZoneKind.GROUND, polygon=_SQUARE, area_m2=6),
        ),
        sign_posted=True,
        legal_basis="test",
    )
    return RegistrySnapshot(
        version=1,
        district=Name(zh="测试区"),
        subdistricts={"sub-1": Subdistrict(subdistrict_id="sub-1", name=Name(zh="测试镇"))},
        units={
            unit_id: ResponsibleUnit(
                unit_id=unit_id, name=Name(zh=unit_id), kind=UnitKind.SANITATION_COMPANY
            )
            for unit_id in ("unit-place", "unit-collecting")
        },
        crews={
            crew_id: Crew(
                crew_id=crew_id,
                unit_id=unit_id,
                name=Name(zh=crew_id),
                webhook_url=f"http://127.0.0.1:1/phone/{crew_id}",
            )
            for crew_id, unit_id in (
                ("crew-place", "unit-place"),
                ("crew-collecting", "unit-collecting"),
            )
        },
        places={place_id: _place(place_id) for place_id in ("watched", "plain")},
        containers={
            sensor.container_id: WasteContainer(
                container_id=sensor.container_id,
                place_id=sensor.place_id,
                depth_mm=1000,
                sensor_above_rim_mm=200,
                capacity_l=240,
            )
            for sensor in sensors.values()
        },
        sensors=sensors,
        cameras={"camera": camera},
    )


class AlertsRig:
    """Everything a test of the alerts part needs in its hands. Devices speak, time passes."""

    def __init__(self, cases: CaseDatabase, rules: AlertRules) -> None:
        self.clock = ManualClock()
        self.registry = MemoryRegistry(alerts_registry())
        self.feed = MemoryRecordFeed()
        self.rules = rules
        self.cases = cases
        self.metrics_registry = CollectorRegistry()
        self.metrics = AlertMetrics(self.metrics_registry)
        self.links = CrewLinks(b"a secret of this test", "http://127.0.0.1:8000", self.clock)
        self.phone = RecordingNotifier()
        self.web_hook: Notifier | None = None
        self.posts_per_minute = 0
        self.picture: str | None = PICTURE
        self._keys = 0
        self.open()

    def open(self) -> None:
        """Open the cases, as a process does at its start."""
        self.store = self.cases.open_store(evaluates=True)
        self.book = self.cases.open_book()
        notices = Notices(catalogue=_catalogue(), locale=Locale.ZH_CN, crew_links=self.links)
        self.workshop = CaseWorkshop(
            self.store,
            clock=self.clock,
            registry=self.registry,
            rules=self.rules,
            notices=notices,
        )
        self.desk = CaseDesk(self.workshop)
        self.evaluation = Evaluation(self.workshop, self.feed, self.rules, self.metrics)
        self.delivery = Delivery(
            self.workshop,
            self.store.messages_waiting,
            {
                Channel.WEBHOOK: self.web_hook or self.phone,
                Channel.CONSOLE: ConsoleNotifier(self.store),
            },
            clock=self.clock,
            registry=self.registry,
            metrics=self.metrics,
            rng=random.Random(1),
            budget=remembered_budget(self.store, self.clock, per_minute=self.posts_per_minute),
            digest_title=notices.digest_title,
        )

    def close(self) -> None:
        """Close the cases; what was not committed is gone, as at the end of a process."""
        self.book.close()
        self.store.close()

    def restart(self) -> None:
        """End the process and start it anew."""
        self.close()
        self.open()

    def evaluate(self) -> None:
        """Follow the journal up, then look at the clock."""
        while self.evaluation.follow_once():
            pass
        self.evaluation.tick()

    def deliver(self) -> None:
        """Send everything that may be sent now."""
        while self.delivery.send_next():
            pass

    def record(
        self,
        device_id: str,
        values: Values,
        *,
        at: datetime | None = None,
        late: bool = False,
        sets_state: bool = True,
    ) -> None:
        """Append a record to the journal, observed now if not told."""
        now = self.clock.now()
        record = Record(device_id=device_id, observed_at=at or now, gateway_at=now, values=values)
        self.feed.append_record(record, late=late, sets_state=sets_state)

    def level(
        self,
        device_id: str,
        *levels: float,
        quality: MeasurementQuality = MeasurementQuality.ACCEPTED,
        every_min: float = 5,
        evaluate: bool = True,
    ) -> None:
        """Let a sensor tell these levels, ``every_min`` business minutes apart, and evaluate."""
        for level in levels:
            self.clock.advance(minutes=every_min)
            reading = FillReading(measurement_quality=quality, filling_level=level)
            self.record(device_id, reading)
            if evaluate:
                self.evaluate()

    def emptied(self, device_id: str, *, at: datetime | None = None) -> None:
        """Let the gateway tell of an emptying, seen now if not told."""
        self.record(device_id, Emptied(level_before=0.8, level_after=0.02), at=at)
        self.evaluate()

    def look(
        self,
        *,
        overflow: VerdictState = VerdictState.UNKNOWN,
        bags: VerdictState = VerdictState.UNKNOWN,
        litter: VerdictState = VerdictState.UNKNOWN,
        health: CameraHealth = CameraHealth.OK,
        times: int = 1,
        every_min: float = 1,
    ) -> None:
        """Let the camera look ``times`` times, ``every_min`` business minutes apart."""
        verdicts = tuple(
            Verdict(zone_id=zone_id, problem_class=problem, state=state, score=0.5)
            for zone_id, problem, state in (
                ("zone-bin", ProblemClass.BIN_OVERFLOW, overflow),
                ("zone-ground", ProblemClass.BAGGED_WASTE_ON_GROUND, bags),
                ("zone-ground", ProblemClass.SCATTERED_LITTER, litter),
            )
        )
        for _ in range(times):
            self.clock.advance(minutes=every_min)
            snapshot = SnapshotVerdicts(
                camera_health=health, verdicts=verdicts, picture_sha256=self.picture
            )
            self.record("camera", snapshot)
            self.evaluate()

    def ground(self, state: VerdictState, *, times: int = 1, every_min: float = 1) -> None:
        """Let the camera see the ground, all classes alike, and nothing of the bin."""
        self.look(bags=state, litter=state, times=times, every_min=every_min)

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
        """Let a person take one step."""
        self._keys += 1
        return self.desk.move(
            MoveCase(
                case_id=case.case_id,
                action=action,
                actor=actor,
                key=f"key-{self._keys}",
                note=note,
                approved_by=approved_by,
                photos=photos,
            )
        )

    def finish(self, case: Case) -> Case:
        """Let the crew accept, arrive and finish now."""
        self.move(case, CaseAction.ACCEPT, Actor.CREW)
        self.move(case, CaseAction.ARRIVE, Actor.CREW)
        return self.move(case, CaseAction.FINISH, Actor.CREW, photos=PHOTOS)

    def the_case(self) -> Case:
        """Return the one open case."""
        (case,) = self.book.open_cases()
        return case

    def told(self, case: Case, channel: Channel = Channel.WEBHOOK) -> Sequence[str]:
        """Return the occasions of the messages about a case on a channel, by time."""
        return [m.occasion for m in self.book.messages(case.case_id) if m.channel is channel]

    def counted(self, name: str, labels: Mapping[str, str] | None = None) -> float:
        """Return a metric's value."""
        return self.metrics_registry.get_sample_value(name, dict(labels or {})) or 0.0


@contextmanager
def open_alerts_rig(cases: CaseDatabase, rules: AlertRules | None = None) -> Iterator[AlertsRig]:
    """Open a rig over these cases and close it at the end."""
    rig = AlertsRig(cases, rules or AlertRules())
    try:
        yield rig
    finally:
        rig.close()
