"""A simulator for tests: a small-seeded district with every page's parts, under a manual clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry

from firmware_sim.camera_server import CameraServer
from firmware_sim.control_page import SimulatorParts
from firmware_sim.district import SimDistrict
from firmware_sim.metrics import PagesMetrics
from firmware_sim.phone_inbox import PhoneInbox
from firmware_sim.profiles import CREW_HABITS, CrewHabit
from firmware_sim.renderer import SceneRenderer
from firmware_sim.sample_photos import SamplePhotos
from firmware_sim.world import World
from tests.fakes.manual_clock import ManualClock
from tests.fakes.simulated_district import district as district_of
from tests.fakes.turnable_clock import TurnableClock
from texts.catalogue import Catalogue, load_catalogues

SEED = 7


@cache
def district() -> SimDistrict:
    """Return the district of these tests; immutable, so built once."""
    return district_of(SEED)


@cache
def renderer() -> SceneRenderer:
    """Return a renderer that has drawn before: its pictures do not depend on that."""
    return SceneRenderer(seed=SEED)


@cache
def _catalogue() -> Catalogue:
    return load_catalogues()


@dataclass(frozen=True, kw_only=True)
class SimulatorRig:
    """What a test of the simulator's pages needs in its hands."""

    clock: ManualClock
    counters: CollectorRegistry
    control: TurnableClock
    parts: SimulatorParts

    @property
    def world(self) -> World:
        return self.parts.world

    @property
    def inbox(self) -> PhoneInbox:
        return self.parts.inbox

    def counted(self, name: str, **labels: str) -> float:
        """Return the value of one of the simulator's counters, 0 while it was never raised."""
        return self.counters.get_sample_value(f"huanwei_firmware_sim_{name}_total", labels) or 0.0


def simulator_rig(
    crew_habits: Mapping[str, CrewHabit] = CREW_HABITS, clock: ManualClock | None = None
) -> SimulatorRig:
    """Return a fresh simulator at the start of its day, or by the clock of another rig."""
    clock = clock or ManualClock()
    counters, control = CollectorRegistry(), TurnableClock()
    metrics = PagesMetrics(counters)
    world = World(district(), started_at=clock.now(), crew_habits=crew_habits)
    parts = SimulatorParts(
        clock=clock,
        clock_control=control,
        world=world,
        cameras=CameraServer(world=world, renderer=renderer(), clock=clock, metrics=metrics),
        inbox=PhoneInbox(
            frozenset(district().registry.crews), now=clock.now, metrics=metrics, hold_s=0.05
        ),
        photos=SamplePhotos(world=world, renderer=renderer()),
        catalogue=_catalogue(),
        metrics=metrics,
        console_url="http://127.0.0.1:8000/",
    )
    return SimulatorRig(clock=clock, counters=counters, control=control, parts=parts)
