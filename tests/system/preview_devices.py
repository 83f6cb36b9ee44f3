"""What the devices of a previewed district have told: measured, photographed, emptied."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic

from domain.devices import Camera, FillSensor, Zone, ZoneKind
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
from firmware_sim.camera_server import camera_viewpoint
from firmware_sim.district import SimDistrict
from firmware_sim.ground import PlaceTruth
from firmware_sim.renderer import SceneRenderer, encode_jpeg
from firmware_sim.world import World
from tests.fakes.memory_history import MemoryHistory
from tests.fakes.memory_measures import MemoryMeasures
from tests.fakes.memory_pictures import MemoryPictures
from tests.fakes.sample_pictures import with_noise

START = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
TIDY_PICTURES = 1
_STEP = timedelta(minutes=20)
_SILENT_EVERY, _WEAK_EVERY = 13, 11


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
class PreviewDevices:
    """The devices, and where what they tell is kept."""

    district: SimDistrict
    world: World
    renderer: SceneRenderer
    history: MemoryHistory
    measures: MemoryMeasures
    pictures: MemoryPictures

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

    def snapshots(self, camera: Camera, *, tidy: int = TIDY_PICTURES) -> list[bytes]:
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


def _state_of(zone: Zone, truth: PlaceTruth) -> VerdictState:
    seen = bool(truth.ground)
    if zone.kind is ZoneKind.BIN:
        seen = truth.levels.get(zone.container_id or "", 0.0) >= 1
    return VerdictState.PRESENT if seen else VerdictState.CLEAR


def _record(device_id: str, at: datetime, values: Values) -> Record:
    return Record(device_id=device_id, observed_at=at, gateway_at=at, values=values)
