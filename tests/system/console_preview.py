"""A console to look at: the real desk and book over a file, a simulated district, measurements in
memory. Run by the browser test, and by hand::

    PYTHONPATH=. python tests/system/console_preview.py 8123 /tmp/preview --speed 60 --live
"""

import argparse
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import monotonic

import uvicorn
from prometheus_client import CollectorRegistry

from alerts.alert_records import Cause, NewAlert, attach, fire
from alerts.case_database import SqliteCases
from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.crew_links import CrewLinks
from alerts.limits import AlertRules
from alerts.notices import Notices
from alerts.orders import MoveCase, ReportCase
from alerts.store import SqliteCaseStore
from api.app import create_app
from api.console.mount import mount_console
from api.console.settings import ConsoleSettings
from api.parts import CentreParts
from api.settings import ApiSettings
from domain.alerts import AlertLevel
from domain.cases import Actor, CaseAction, CaseSource
from domain.devices import Camera, FillSensor, Zone, ZoneKind
from domain.photo_evidence import PhotoEvidence
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    Emptied,
    FillReading,
    MeasurementQuality,
    Record,
    RecordKind,
    SnapshotVerdicts,
    Values,
    Verdict,
    VerdictState,
)
from firmware_sim.camera_server import camera_viewpoint
from firmware_sim.district import SimDistrict, build_district
from firmware_sim.ground import PlaceTruth
from firmware_sim.renderer import SceneRenderer, encode_jpeg
from firmware_sim.sample_photos import SamplePhotos
from firmware_sim.world import World
from tests.fakes.camera_server import CameraServer
from tests.fakes.memory_calibrations import MemoryRegistryEditor
from tests.fakes.memory_device_qualities import MemoryDeviceQualities
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_measures import MemoryMeasures
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.memory_reviews import MemoryReviews
from tests.fakes.sample_pictures import with_noise
from tests.fakes.trusting_photo_intake import TrustingPhotoIntake
from texts.catalogue import Locale, load_catalogues
from vision.bench import ProcessBench
from vision.calibration_folder import CalibrationFolder

START = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
CREW_LINK = "crew_link.txt"
_STEP = timedelta(minutes=20)
_SILENT_EVERY, _WEAK_EVERY = 13, 11
_TIDY_PICTURES = 1


class FastClock:
    """A business clock that runs ``speed`` times as fast as the technical one."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began_s = monotonic()

    def now(self) -> datetime:
        return START + timedelta(seconds=(monotonic() - self._began_s) * self._speed)

    def technical_s(self, business_s: float) -> float:
        return business_s / self._speed

    def monotonic_s(self) -> float:
        return monotonic()


@dataclass(kw_only=True)
class Preview:
    """What the preview holds in its hands."""

    district: SimDistrict
    world: World
    clock: FastClock
    history: MemoryHistory
    measures: MemoryMeasures
    pictures: MemoryPictures
    photos: SamplePhotos
    renderer: SceneRenderer
    desk: CaseDesk

    def keep(self, record: Record) -> None:
        """Keep a record, and count it."""
        self.history.add(record)
        self.measures.add(record)

    def measure(self, at: datetime) -> None:
        """Add what every device would send now."""
        for index, sensor in enumerate(self.district.registry.sensors.values()):
            if index % _SILENT_EVERY != 4:
                self.keep(self.fill_record(sensor, index, at))

    def fill_record(self, sensor: FillSensor, index: int, at: datetime) -> Record:
        level = self.world.truth(sensor.place_id, at).levels[sensor.container_id]
        reading = FillReading(
            measurement_quality=MeasurementQuality.ACCEPTED,
            filling_level=level,
            battery_ratio=0.22 if index % _WEAK_EVERY == 0 else 0.8,
            rssi_dbm=-80.0 - index % 30,
            temperature_c=11.0,
        )
        return _record(sensor.device_id, at, reading)

    def photograph(self, camera: Camera, at: datetime, *, keep: bool) -> None:
        """Add a camera's verdicts, and its picture."""
        truth = self.world.truth(camera.place_id, at)
        viewpoint = camera_viewpoint(self.district, camera.device_id)
        jpeg = encode_jpeg(self.renderer.snapshot(viewpoint, truth, at))
        sha256 = self.pictures.put(jpeg) if keep else "0" * 64
        verdicts = [
            Verdict(
                zone_id=zone.zone_id,
                problem_class=ProblemClass.BIN_OVERFLOW
                if zone.kind is ZoneKind.BIN
                else ProblemClass.BAGGED_WASTE_ON_GROUND,
                state=_state_of(zone, truth),
                score=0.8,
                boxes=((0.4, 0.75, 0.08, 0.1),) if zone.kind is ZoneKind.GROUND else (),
            )
            for zone in camera.zones
            if zone.kind is not ZoneKind.IGNORE
        ]
        values = SnapshotVerdicts(
            camera_health=CameraHealth.OK, verdicts=tuple(verdicts), picture_sha256=sha256
        )
        self.keep(_record(camera.device_id, at, values))

    def snapshots(self, camera: Camera, *, tidy: int = _TIDY_PICTURES) -> list[bytes]:
        """What the camera answers in turn: tidy so often, of six times; else with a bag."""
        viewpoint = camera_viewpoint(self.district, camera.device_id)
        truth = replace(self.world.truth(camera.place_id, START), ground=())
        answers = []
        for number in range(6):
            at = START + timedelta(minutes=number)
            picture = self.renderer.quiet_snapshot(viewpoint, truth, at)
            if number >= tidy:
                height, width = picture.shape[:2]
                cut = slice(int(0.8 * height), int(0.9 * height))
                picture[cut, int(0.12 * width) : int(0.2 * width)] = (25, 22, 20)
            # Without a sensor's noise a camera that stands in a quiet place hangs.
            answers.append(encode_jpeg(with_noise(picture, number)))
        return answers

    def fill_past(self, hours: int) -> None:
        """Hours of measurements behind us, emptyings and pictures."""
        for step in range(3 * hours, -1, -1):
            self.measure(START - step * _STEP)
        clear = SnapshotVerdicts(camera_health=CameraHealth.OK, verdicts=())
        for camera_id in self.district.registry.cameras:
            for past in range(1, hours + 1):
                # Pictures of the past are counted only: nobody looks at them here.
                self.measures.add(_record(camera_id, START - timedelta(hours=past), clear))
        sensor = next(iter(self.district.registry.sensors.values()))
        for past in (3, 5):
            emptied = Emptied(level_before=0.9, level_after=0.05)
            at = START - timedelta(hours=past)
            self.keep(_record(sensor.device_id, at, emptied))
        cameras = list(self.district.registry.cameras.values())
        for index, camera in enumerate(cameras):
            self.photograph(camera, START, keep=index != 1)
        blurred = SnapshotVerdicts(camera_health=CameraHealth.BLURRED, verdicts=())
        blind = _record(cameras[-1].device_id, START + timedelta(seconds=1), blurred)
        self.keep(blind)

    def open_cases(self) -> None:
        """Take cases to every column of the board."""
        places = list(self.district.registry.places)
        classes = (
            ProblemClass.BIN_OVERFLOW,
            ProblemClass.BAGGED_WASTE_ON_GROUND,
            ProblemClass.NOT_SWEPT_AFTER_COLLECTION,
        )
        ways: tuple[tuple[tuple[CaseAction, Actor], ...], ...] = (
            (),
            (),
            ((CaseAction.ACCEPT, Actor.CREW),),
            ((CaseAction.ACCEPT, Actor.CREW), (CaseAction.ARRIVE, Actor.CREW)),
            ((CaseAction.DEFER, Actor.DISPATCHER),),
            (
                (CaseAction.ACCEPT, Actor.CREW),
                (CaseAction.FINISH, Actor.CREW),
                (CaseAction.SEND_BACK, Actor.INSPECTOR),
            ),
            (
                (CaseAction.ACCEPT, Actor.CREW),
                (CaseAction.FINISH, Actor.CREW),
                (CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR),
            ),
            # This one's place has a camera.
            ((CaseAction.ACCEPT, Actor.CREW), (CaseAction.FINISH, Actor.CREW)),
            ((CaseAction.RETURN_TO_DISPATCHER, Actor.DISPATCHER),),
        )
        for index, way in enumerate(ways):
            case = self.desk.report(
                ReportCase(
                    place_id=places[(index * 7) % len(places)],
                    problem_class=classes[index % len(classes)],
                    source=CaseSource.TELEPHONE,
                    note="居民来电反映",
                    actor=Actor.OPERATOR,
                    key=secrets.token_hex(8),
                )
            )
            for action, actor in way:
                self.desk.move(self._order(case.case_id, case.place_id, action, actor))

    def raise_alarm(self, store: SqliteCaseStore) -> None:
        """Open a case on what the first camera saw."""
        camera = next(iter(self.district.registry.cameras.values()))
        seen = self.history.latest(RecordKind.VERDICTS)[camera.device_id].values
        case = self.desk.report(
            ReportCase(
                place_id=camera.place_id,
                problem_class=ProblemClass.EXPOSED_WASTE,
                source=CaseSource.CAMERA,
                note="",
                actor=Actor.OPERATOR,
                key=secrets.token_hex(8),
            )
        )
        cause = Cause(
            device_id=camera.device_id,
            reason="camera_sees_waste",
            picture_sha256=seen.picture_sha256 if isinstance(seen, SnapshotVerdicts) else None,
        )
        new = NewAlert(
            place_id=camera.place_id,
            subject=case.problem_class,
            level=AlertLevel.CRITICAL,
            causes=(cause,),
        )
        with store.transaction() as connection:
            attach(connection, fire(connection, new, now=self.clock.now()), case.case_id)

    def crew_link(self, links: CrewLinks) -> str:
        """Return the link that a crew was sent for a case of its own."""
        case = self.desk.report(
            ReportCase(
                place_id=list(self.district.registry.places)[-1],
                problem_class=ProblemClass.BIN_OVERFLOW,
                source=CaseSource.TELEPHONE,
                note="",
                actor=Actor.OPERATOR,
                key=secrets.token_hex(8),
            )
        )
        return links.link(crew_id=case.crew_id, case_id=case.case_id)

    def live(self, stop: threading.Event) -> None:
        """Go on measuring, and now and then open a case."""
        rng = Random(5)
        places = list(self.district.registry.places)
        while not stop.wait(2.0):
            at = self.clock.now()
            self.measure(at)
            for camera in rng.sample(list(self.district.registry.cameras.values()), 2):
                self.photograph(camera, at, keep=True)
            if rng.random() < 0.2:
                order = ReportCase(
                    place_id=rng.choice(places),
                    problem_class=ProblemClass.BIN_OVERFLOW,
                    source=CaseSource.SENSOR,
                    note="",
                    actor=Actor.OPERATOR,
                    key=secrets.token_hex(8),
                )
                self.desk.report(order)

    def _order(self, case_id: str, place_id: str, action: CaseAction, actor: Actor) -> MoveCase:
        order = MoveCase(
            case_id=case_id, action=action, actor=actor, key=secrets.token_hex(8), note="见附图"
        )
        if action is CaseAction.FINISH:
            proof = self.photos.proof(place_id, START)
            photos = (self.pictures.put(proof.overview), self.pictures.put(proof.close_up))
            # The overview is always the same, so from the second case on it is doubted.
            evidence = (
                PhotoEvidence(fingerprint=0),
                PhotoEvidence(fingerprint=secrets.randbits(128)),
            )
            return replace(order, photos=photos, evidence=evidence)
        if actor is Actor.DISPATCHER:
            return replace(order, approved_by="王科长")
        return order


def _state_of(zone: Zone, truth: PlaceTruth) -> VerdictState:
    seen = bool(truth.ground)
    if zone.kind is ZoneKind.BIN:
        seen = truth.levels.get(zone.container_id or "", 0.0) >= 1
    return VerdictState.PRESENT if seen else VerdictState.CLEAR


def _record(device_id: str, at: datetime, values: Values) -> Record:
    return Record(device_id=device_id, observed_at=at, gateway_at=at, values=values)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("port", type=int)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--speed", type=float, default=1.0)
    arguments.add_argument("--hours", type=int, default=9)
    arguments.add_argument("--live", action="store_true")
    chosen = arguments.parse_args()
    snapshots = CameraServer({})
    district = build_district(7, simulator_url=snapshots.url(""), gateway_id="gw-preview")
    world = World(district, started_at=START - timedelta(days=1))
    clock, catalogue = FastClock(chosen.speed), load_catalogues()
    renderer = SceneRenderer(seed=7)
    links = CrewLinks(b"a secret of this preview", f"http://127.0.0.1:{chosen.port}", clock)
    store = SqliteCaseStore(chosen.folder / "cases.db")
    registry = MemoryRegistry(district.registry)
    desk = CaseDesk(
        CaseWorkshop(
            store,
            clock=clock,
            registry=registry,
            rules=AlertRules(),
            notices=Notices(catalogue=catalogue, locale=Locale.ZH_CN, crew_links=links),
        )
    )
    preview = Preview(
        district=district,
        world=world,
        clock=clock,
        history=MemoryHistory(),
        measures=MemoryMeasures(),
        pictures=MemoryPictures(),
        photos=SamplePhotos(world=world, renderer=renderer),
        renderer=renderer,
        desk=desk,
    )
    preview.fill_past(chosen.hours)
    preview.open_cases()
    preview.raise_alarm(store)
    for camera, tidy in zip(district.registry.cameras.values(), (_TIDY_PICTURES, 6), strict=False):
        path = camera.snapshot_url.removeprefix(snapshots.url(""))
        snapshots.pictures[path] = preview.snapshots(camera, tidy=tidy)
    (chosen.folder / CREW_LINK).write_text(preview.crew_link(links), encoding="utf-8")
    references = chosen.folder / "references"
    parts = CentreParts(
        clock=clock,
        registry=registry,
        desk=desk,
        book=SqliteCases(chosen.folder / "cases.db").open_book(),
        history=preview.history,
        measures=preview.measures,
        qualities=MemoryDeviceQualities(),
        pictures=preview.pictures,
        photo_intake=TrustingPhotoIntake(),
        crew_links=links,
        catalogue=catalogue,
        metrics_registry=CollectorRegistry(),
        readiness=dict,
        calibrations=CalibrationFolder(
            folder=references, registry=registry, editor=MemoryRegistryEditor(registry)
        ),
        bench=ProcessBench(references_folder=references, between_looks_s=0.05),
        reviews=MemoryReviews(),
    )
    app = create_app(parts, settings=ApiSettings(port=chosen.port))
    mount_console(app, parts, ConsoleSettings(storage_secret="a secret of this preview"))  # noqa: S106
    stop = threading.Event()
    if chosen.live:
        threading.Thread(target=preview.live, args=(stop,), name="preview").start()
    try:
        snapshots.__enter__()
        uvicorn.run(app, host="127.0.0.1", port=chosen.port, log_level="warning")
    finally:
        stop.set()
        snapshots.__exit__()


if __name__ == "__main__":
    main()
