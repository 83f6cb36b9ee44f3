"""A district that lives in virtual time, as fast as the machine allows, into a ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from firmware_sim.faults import FaultPlan
from firmware_sim.ledger import EndLine, Ledger, RunLine, SentLine, TruthLine, truth_line
from firmware_sim.scenario import CALM, Scenario
from firmware_sim.seconds import datetime_of, seconds_of
from firmware_sim.sensor_field import Sending, SensorField
from firmware_sim.world import World

STEP_S = 600.0
"""Truth is settled, and progress told, each time so many business seconds have passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationSummary:
    """What a simulation came to."""

    until: datetime
    sent: int
    withheld: int
    truth_changes: int


def simulate(
    world: World,
    *,
    duration: timedelta,
    ledger: Ledger,
    scenario: Scenario = CALM,
    on_progress: Callable[[float], None] = lambda _: None,
    on_sending: Callable[[Sending], None] = lambda _: None,
) -> SimulationSummary:
    """Run the world's sensors for so long from its start; the same world gives the same lines.

    ``on_progress`` gets the share that is done, from 0 to 1; ``on_sending`` every frame.
    """
    started_s = seconds_of(world.started_at)
    faults = FaultPlan(scenario, seed=world.district.seed, started_s=started_s)
    field = SensorField(world, faults)
    ledger.write([run_line(world, scenario)])
    end_s = started_s + duration.total_seconds()
    sent = withheld = changes = 0
    now_s = started_s
    while now_s < end_s:
        now_s = min(now_s + STEP_S, end_s)
        lines: list[SentLine] = []
        for sending in field.due(now_s):
            lines.append(sending.line)
            on_sending(sending)
        truth = world.settle(datetime_of(now_s))
        together: list[SentLine | TruthLine] = [*lines, *map(truth_line, truth)]
        together.sort(key=lambda line: line.at)
        ledger.write(together)
        sent += sum(not line.withheld for line in lines)
        withheld += sum(line.withheld for line in lines)
        changes += len(truth)
        on_progress((now_s - started_s) / (end_s - started_s))
    until = datetime_of(end_s)
    ledger.write([EndLine(at=until, sent=sent, withheld=withheld)])
    return SimulationSummary(until=until, sent=sent, withheld=withheld, truth_changes=changes)


def run_line(world: World, scenario: Scenario) -> RunLine:
    """Return the line that begins a run's ledger."""
    registry = world.district.registry
    return RunLine(
        seed=world.district.seed,
        scenario=scenario.name,
        started_at=world.started_at,
        places=len(registry.places),
        sensors=len(registry.sensors),
    )
