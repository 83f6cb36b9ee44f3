"""What each panel's queries take, on a real InfluxDB and PostgreSQL, slowest first.

``python -m tests.benchmarks.dashboard_queries [--rounds 5]``: the simulated district
of about 60 places. The median of the rounds, wall time, so nothing else should run beside it.
"""

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.benchmarks.surroundings import print_surroundings
from tests.dashboards.asked import ask_everything
from tests.dashboards.filled import FilledDistrict, filled_district
from tests.influx_server import start_influx
from tests.postgres_server import start_postgres


def measure(filled: FilledDistrict, rounds: int) -> dict[str, float]:
    """Return the median seconds by panel, the slowest first."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for asked in ask_everything(filled, "en"):
            for panel in asked.dashboard["panels"]:
                name = f"{asked.dashboard['title']}: {panel['title']}"
                taken[name].append(asked.seconds[panel["id"]])
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    return dict(sorted(medians.items(), key=lambda item: -item[1]))


def main() -> None:
    """Fill a district, ask, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print_surroundings("Dashboards: what each panel asks, about 60 places")
    with tempfile.TemporaryDirectory() as folder:
        influx, postgres = start_influx(Path(folder) / "influx"), start_postgres()
        try:
            with filled_district(Path(folder), influx, postgres) as filled:
                for name, seconds in measure(filled, rounds).items():
                    print(f"{seconds * 1000:8.0f} ms  {name}")
        finally:
            influx.stop()
            postgres.remove()


if __name__ == "__main__":
    main()
