"""A console to look at: the real desk and book over a file, a simulated district, measurements in
memory. Run by the browser test, and by hand::

    PYTHONPATH=. python tests/system/console_preview.py 8123 /tmp/preview --speed 60 --live
"""

import argparse
import threading
from datetime import timedelta
from pathlib import Path
from random import Random

import uvicorn
from prometheus_client import CollectorRegistry

from alerts.case_database import SqliteCases
from alerts.case_desk import CaseDesk, CaseWorkshop
from alerts.crew_links import CrewLinks
from alerts.limits import AlertRules
from alerts.notices import Notices
from alerts.store import SqliteCaseStore
from api.app import create_app
from api.console.mount import mount_console
from api.console.settings import ConsoleSettings
from api.parts import CentreParts
from api.settings import ApiSettings
from firmware_sim.district import build_district
from firmware_sim.renderer import SceneRenderer
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
from tests.fakes.trusting_photo_intake import TrustingPhotoIntake
from tests.system.preview_cases import PreviewCases
from tests.system.preview_devices import START, TIDY_PICTURES, FastClock, PreviewDevices
from texts.catalogue import Locale, load_catalogues
from vision.bench import ProcessBench
from vision.calibration_folder import CalibrationFolder

CREW_LINK = "crew_link.txt"


def live(devices: PreviewDevices, cases: PreviewCases, stop: threading.Event) -> None:
    """Go on measuring, and now and then open a case."""
    rng = Random(5)
    cameras = list(devices.district.registry.cameras.values())
    while not stop.wait(2.0):
        at = cases.clock.now()
        devices.measure(at)
        for camera in rng.sample(cameras, 2):
            devices.photograph(camera, at, keep=True)
        if rng.random() < 0.2:
            cases.report_somewhere(rng)


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
    devices = PreviewDevices(
        district=district,
        world=world,
        renderer=renderer,
        history=MemoryHistory(),
        measures=MemoryMeasures(),
        pictures=MemoryPictures(),
    )
    photos = SamplePhotos(world=world, renderer=renderer)
    cases = PreviewCases(desk=desk, clock=clock, devices=devices, photos=photos)
    devices.fill_past(chosen.hours)
    cases.open_cases()
    cases.raise_alarm(store)
    for camera, tidy in zip(district.registry.cameras.values(), (TIDY_PICTURES, 6), strict=False):
        path = camera.snapshot_url.removeprefix(snapshots.url(""))
        snapshots.pictures[path] = devices.snapshots(camera, tidy=tidy)
    (chosen.folder / CREW_LINK).write_text(cases.crew_link(links), encoding="utf-8")
    references = chosen.folder / "references"
    parts = CentreParts(
        clock=clock,
        registry=registry,
        desk=desk,
        book=SqliteCases(chosen.folder / "cases.db").open_book(),
        history=devices.history,
        measures=devices.measures,
        qualities=MemoryDeviceQualities(),
        pictures=devices.pictures,
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
        threading.Thread(target=live, args=(devices, cases, stop), name="preview").start()
    try:
        snapshots.__enter__()
        uvicorn.run(app, host="127.0.0.1", port=chosen.port, log_level="warning")
    finally:
        stop.set()
        snapshots.__exit__()


if __name__ == "__main__":
    main()
