import io
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from firmware_sim.ledger import (
    EndLine,
    LedgerFile,
    Line,
    RunLine,
    SentLine,
    TruthLine,
    read_ledger,
)
from firmware_sim.scenario import CALM, SCENARIOS, FaultKind, Scenario, load_scenario
from firmware_sim.sensor_field import Sending
from firmware_sim.simulate import SimulationSummary, simulate
from tests.fakes.simulated_district import FIRST_MORNING, world

EVERYTHING = load_scenario(SCENARIOS / "everything_fails.toml")


class MemoryLedger:
    """Fulfils ``firmware_sim.ledger.Ledger``."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def write(self, lines: Iterable[Line]) -> None:
        self.lines.extend(lines)


def _run(
    path: Path, *, seed: int = 7, hours: float = 2, scenario: Scenario = CALM
) -> SimulationSummary:
    ledger = LedgerFile(path)
    summary = simulate(
        world(seed), duration=timedelta(hours=hours), ledger=ledger, scenario=scenario
    )
    ledger.close()
    return summary


@pytest.mark.parametrize("scenario", [CALM, EVERYTHING], ids=lambda one: one.name)
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, scenario: Scenario) -> None:
    for name in ("one", "two"):
        _run(tmp_path / name, scenario=scenario, hours=1.2)
    one, two = ((tmp_path / name).read_bytes() for name in ("one", "two"))
    assert one == two
    assert len(one) > 100_000


def test_another_seed_writes_other_bytes(tmp_path: Path) -> None:
    _run(tmp_path / "one", seed=1, hours=0.5)
    _run(tmp_path / "two", seed=2, hours=0.5)
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()


def test_a_ledger_tells_the_run_every_report_the_truth_and_the_end(tmp_path: Path) -> None:
    summary = _run(tmp_path / "ledger")
    lines = list(read_ledger(tmp_path / "ledger"))
    first, last = lines[0], lines[-1]
    assert isinstance(first, RunLine)
    assert (first.seed, first.started_at, first.places) == (7, FIRST_MORNING, 60)
    assert isinstance(last, EndLine)
    assert (last.at, last.sent) == (FIRST_MORNING + timedelta(hours=2), summary.sent)
    sent = [line for line in lines if isinstance(line, SentLine)]
    assert len(sent) == summary.sent == first.sensors * 24
    truth = [line for line in lines if isinstance(line, TruthLine)]
    assert len(truth) == summary.truth_changes
    dated = [line.at for line in lines if isinstance(line, SentLine | TruthLine)]
    assert dated == sorted(dated)


def test_the_ledger_knows_the_true_level_behind_every_report() -> None:
    one, ledger = world(), MemoryLedger()
    simulate(one, duration=timedelta(hours=1), ledger=ledger)
    sensors = one.district.registry.sensors
    for line in [line for line in ledger.lines if isinstance(line, SentLine)][::25]:
        sensor = sensors[line.device_id]
        truth = one.truth(sensor.place_id, line.at)
        assert line.true_level == pytest.approx(truth.levels[sensor.container_id], abs=1e-4)


def test_every_withheld_report_is_told_with_its_fault() -> None:
    ledger, frames = MemoryLedger(), list[Sending]()
    summary = simulate(
        world(),
        duration=timedelta(hours=4),
        ledger=ledger,
        scenario=EVERYTHING,
        on_sending=frames.append,
    )
    lines = [line for line in ledger.lines if isinstance(line, SentLine)]
    withheld = [line for line in lines if line.withheld]
    assert len(withheld) == summary.withheld > 0
    assert all({"lost", "silent"} & set(line.faults) for line in withheld)
    assert {fault for line in lines for fault in line.faults} == set(FaultKind)
    assert [frame.line for frame in frames] == lines
    numbers = {(line.device_id, line.number) for line in lines}
    assert len(numbers) >= 66 * 46


def test_progress_ends_at_one() -> None:
    told: list[float] = []
    simulate(
        world(),
        duration=timedelta(minutes=35),
        ledger=MemoryLedger(),
        on_progress=told.append,
    )
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == 4


def test_a_line_cut_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    _run(path, hours=0.2)
    whole = len(list(read_ledger(path)))
    raw = path.read_bytes()
    path.write_bytes(raw[: -len(io.BytesIO(raw).readlines()[-1]) // 2])
    assert 0 < len(list(read_ledger(path))) < whole
