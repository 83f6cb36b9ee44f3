"""How fast rounds become durable: the journal in SQLite and on PostgreSQL, in turn, in one run.

``python -m tests.benchmarks.journal_rate``: rounds of the size given, through decoding, judging and
commit, the two stores by turns. PostgreSQL flushes here as in production (fsync on).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psutil

from huanwei.database import upgrade
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import batch, fill_record, sample_registry
from tests.postgres_server import RunningPostgres, find_postgres

_RECORDS_A_TURN, _MOST_ROUNDS_A_TURN = 10_000, 300
_TURNS = 3


class Round:
    """Makes the payloads of a rig's rounds, each record a new one."""

    def __init__(self, rig: IngestRig, size: int) -> None:
        self._rig = rig
        self._size = size
        self._sequence = 0

    def payload(self) -> bytes:
        """Return the next round's batch, observed at the rig's time."""
        at = self._rig.clock.now()
        records = {}
        for n in range(self._size):
            self._sequence += 1
            observed_at = at - timedelta(microseconds=self._size - n)
            records[self._sequence] = fill_record(n % 199, at=observed_at, gateway_at=at)
        return batch(records)


def turn(rig: IngestRig, rounds: Round, size: int, cpu_s: Callable[[], float]) -> dict[str, float]:
    """Run one turn; return rounds a second, and records by CPU second of ours and the server's."""
    wall_s, our_s = 0.0, 0.0
    count = min(_MOST_ROUNDS_A_TURN, _RECORDS_A_TURN // size)
    server_before_s = cpu_s()
    for _ in range(count):
        rig.clock.advance(seconds=60)
        payload = rounds.payload()
        before = time.perf_counter(), time.process_time()
        rig.receive(payload)
        wall_s += time.perf_counter() - before[0]
        our_s += time.process_time() - before[1]
    their_s = cpu_s() - server_before_s
    assert rig.counted("records_total", outcome="accepted") % (count * size) == 0
    return {
        "rounds_per_s": count / wall_s,
        "records_per_cpu_s": count * size / our_s,
        "records_per_server_cpu_s": count * size / their_s if their_s > 0 else 0.0,
    }


def main() -> None:
    """Print medians by store and round size."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[1, 50, 500])
    sizes = arguments.parse_args().sizes
    programs = find_postgres()
    if programs is None:
        raise SystemExit("no PostgreSQL found")
    server = RunningPostgres(programs, {"fsync": "on"})
    server.start()
    process = psutil.Process(server.pid)

    def server_cpu_s() -> float:
        return sum(sum(p.cpu_times()[:2]) for p in [process, *process.children(recursive=True)])

    try:
        for size in sizes:
            _compare(server, size, server_cpu_s)
    finally:
        server.remove()


def _compare(server: RunningPostgres, size: int, server_cpu_s: Callable[[], float]) -> None:
    url = server.fresh_database(upgraded=False)
    upgrade(url)
    registry = sample_registry(sensors=200)
    with (
        tempfile.TemporaryDirectory() as folder,
        IngestRig(Path(folder), registry=registry) as sqlite,
        IngestRig(Path(folder), registry=registry, database=url) as postgres,
    ):
        rigs = {"sqlite": (sqlite, lambda: 0.0), "postgres": (postgres, server_cpu_s)}
        rounds = {name: Round(rig, size) for name, (rig, _) in rigs.items()}
        told: dict[str, list[dict[str, float]]] = {name: [] for name in rigs}
        for _ in range(_TURNS):
            for name, (rig, cpu_s) in rigs.items():
                told[name].append(turn(rig, rounds[name], size, cpu_s))
    for name, turns in told.items():
        medians = {key: statistics.median(t[key] for t in turns) for key in turns[0]}
        print(f"{name:<9} {size:>4} a round", {k: round(v) for k, v in medians.items()})


if __name__ == "__main__":
    main()
