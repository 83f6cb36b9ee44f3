"""Composition root of the simulator: devices, cameras, crews and the page that turns the clock."""

from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

import firmware_sim
from firmware_sim.camera_server import CameraServer
from firmware_sim.control_page import SimulatorParts
from firmware_sim.crews import SimulatedCrews
from firmware_sim.district import SimDistrict, build_district
from firmware_sim.district_places import VISITOR_CREW_ID
from firmware_sim.fleet import build_fleet
from firmware_sim.fleet_metrics import FleetMetrics
from firmware_sim.http_app import create_simulator_app
from firmware_sim.metrics import PagesMetrics
from firmware_sim.phone_inbox import PhoneInbox
from firmware_sim.renderer import SceneRenderer
from firmware_sim.sample_photos import SamplePhotos
from firmware_sim.scenario import load_scenario
from firmware_sim.task_client import TaskClient, crew_client
from firmware_sim.world import World
from huanwei.broker.address import broker_address
from huanwei.business_clock import Anchor, AnchoredClock, SystemClock, write_anchor
from huanwei.held_secrets import held
from huanwei.http_server import HttpServer
from huanwei.new_run import ANCHOR_NAME
from huanwei.process import ProcessParts
from huanwei.run_files import LEDGER
from huanwei.settings import Settings, SettingsError, SimulatorSection
from texts.catalogue import load_catalogues

_SCENARIOS = Path(firmware_sim.__file__).parent / "scenarios"


def health_port(settings: Settings) -> int:
    """Return the port of this process's probes."""
    return _simulator(settings).health_port


def district_of(settings: Settings) -> SimDistrict:
    """Return the district that the settings' seed makes."""
    simulator = _simulator(settings)
    return build_district(
        simulator.seed,
        simulator_url=simulator.url,
        gateway_id=settings.edge.gateway_id,
    )


def build(settings: Settings) -> ProcessParts:
    """Put the simulated district together."""
    simulator = _simulator(settings)
    clock = AnchoredClock(settings.run.clock_anchor or _clock_of_its_own(settings.run.data))
    metrics = CollectorRegistry()
    pages_metrics = PagesMetrics(metrics)
    district = district_of(settings)
    world = World(district, started_at=_started_at(simulator, clock))
    renderer = SceneRenderer(seed=district.seed)
    photos = SamplePhotos(world=world, renderer=renderer)
    inbox = PhoneInbox(frozenset(district.registry.crews), now=clock.now, metrics=pages_metrics)
    crews = SimulatedCrews(
        (crew_id for crew_id in district.registry.crews if crew_id != VISITOR_CREW_ID),
        world=world,
        inbox=inbox,
        photos=photos,
        pages=TaskClient(crew_client()),
        clock=clock,
        metrics=pages_metrics,
    )
    fleet = build_fleet(
        world=world,
        clock=clock,
        broker=broker_address(
            settings.broker,
            username="devices",
            password=held(settings.broker.devices_password, "broker.devices_password"),
        ),
        ledger_path=settings.run.data / LEDGER,
        scenario=load_scenario(_SCENARIOS / f"{simulator.scenario}.toml"),
        metrics=FleetMetrics(metrics),
    )
    parts = SimulatorParts(
        clock=clock,
        clock_control=clock,
        world=world,
        cameras=CameraServer(world=world, renderer=renderer, clock=clock, metrics=pages_metrics),
        inbox=inbox,
        photos=photos,
        catalogue=load_catalogues(),
        metrics=pages_metrics,
        console_url=settings.centre.public_url,
    )
    server = HttpServer(create_simulator_app(parts), host=simulator.host, port=simulator.port)
    return ProcessParts(parts=[server, fleet, crews], readiness=server.readiness, metrics=metrics)


def _clock_of_its_own(data: Path) -> Path:
    """Return an anchor at the present time and speed 1: beside a district that runs by its own."""
    path = data / ANCHOR_NAME
    now_s = SystemClock().now().timestamp()
    data.mkdir(parents=True, exist_ok=True)
    write_anchor(path, Anchor(wall_s=now_s, virtual_s=now_s, speed=1.0))
    return path


def _started_at(simulator: SimulatorSection, clock: AnchoredClock) -> datetime:
    return simulator.started_at or clock.now()


def _simulator(settings: Settings) -> SimulatorSection:
    if settings.simulator is None:
        msg = "simulator: the settings of this run have no [simulator]"
        raise SettingsError(msg)
    return settings.simulator
