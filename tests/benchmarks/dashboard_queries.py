"""What every query of every dashboard takes, on a real InfluxDB and PostgreSQL, slowest first.

``python -m tests.benchmarks.dashboard_queries [--places 2000 --days 30] [--folder /tmp/fill]``: a
Markdown table of wall time, and of the CPU time that the servers took, which says more where other
work runs beside it. Without ``--places`` the simulated district of about 60 places. ``--folder``
keeps what was filled in, for the next time.
"""

import argparse
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from influxdb_client import InfluxDBClient

from dashboards.interpretation import View
from ingest.influx.buckets import BucketNames
from ingest.influx.server import InfluxAdministration, InfluxServer
from tests.benchmarks.surroundings import print_surroundings
from tests.dashboards.asked import marks_asked_for
from tests.dashboards.filled import ORG, FilledDistrict, filled_district, lay_out_registry
from tests.dashboards.frames import Sources
from tests.dashboards.large_cases import write_cases
from tests.dashboards.large_district import LargeDistrict, large_registry
from tests.dashboards.looking import Dashboard, committed, looked_at
from tests.influx_server import ADMIN_TOKEN, RunningInflux, start_influx
from tests.postgres_server import RunningPostgres, start_postgres

LONGEST = timedelta(days=30)
_LINES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Seconds that an answer took: by the clock, and of the servers' processors."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The medians of a query with its dashboard's own range, and with thirty days."""

    name: str
    own: Took
    longest: Took


def measure(filled: FilledDistrict, servers: Sequence[int], rounds: int) -> list[Timed]:
    """Ask everything ``rounds`` times, ``servers`` by their process ids; the slowest first."""
    own: defaultdict[str, list[Took]] = defaultdict(list)
    longest: defaultdict[str, list[Took]] = defaultdict(list)
    for _ in range(rounds):
        for dashboard in committed("zh-CN"):
            view = looked_at(
                dashboard, filled.sources, filled.until, preferred={"place": [filled.busy_place]}
            )
            long_view = replace(view, since=filled.until - LONGEST)
            for name, target in queries_of(dashboard):
                for found, range_of in ((own, view), (longest, long_view)):
                    found[name].append(_took(filled.sources, target, range_of, servers))
    timed = [
        Timed(name=name, own=_median(own[name]), longest=_median(longest[name])) for name in own
    ]
    return sorted(timed, key=lambda each: -max(each.own.cpu_s, each.longest.cpu_s))


def _median(found: Sequence[Took]) -> Took:
    return Took(
        wall_s=statistics.median(each.wall_s for each in found),
        cpu_s=statistics.median(each.cpu_s for each in found),
    )


def queries_of(dashboard: Dashboard) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return every query of panels, variables and marks that a data source of ours answers."""
    title = dashboard["uid"].removeprefix("huanwei-").removesuffix("-zh-cn")
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield f"{title}: {panel['title']}", target
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            asked = {"rawSql": variable["query"], "format": "table"}
            yield f"{title}: ${{{variable['name']}}}", asked
    for events in marks_asked_for(dashboard):
        yield f"{title}: {events['name']}", events["target"]


def _took(sources: Sources, target: dict[str, Any], view: View, servers: Sequence[int]) -> Took:
    cpu_before_s, began_s = _cpu_s(servers), time.monotonic()
    sources.ask(target, view)
    return Took(wall_s=time.monotonic() - began_s, cpu_s=_cpu_s(servers) - cpu_before_s)


def _cpu_s(processes: Sequence[int]) -> float:
    """Return what these processes and their children have used, by the kernel's count."""
    ticks = 0
    for process in processes:
        children = Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()
        for one in (str(process), *children):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()
                ticks += sum(int(field) for field in fields[11 : 15 if one == str(process) else 13])
    return ticks / os.sysconf("SC_CLK_TCK")


def _write(server: InfluxServer, bucket: str, lines: Iterable[bytes]) -> int:
    count, rest = 0, iter(lines)
    while some := list(islice(rest, _LINES_AT_ONCE)):
        server.write(bucket, b"\n".join(some))
        count += len(some)
    return count


@contextmanager
def large_filled(
    folder: Path, postgres: RunningPostgres, *, places: int, days: int
) -> Iterator[tuple[FilledDistrict, int]]:
    """Fill both servers, InfluxDB only where the folder has no such fill yet; tell its process."""
    registry = large_registry(places)
    kept = folder / f"filled-{places}-{days}.json"
    names = BucketNames()
    influx = RunningInflux(folder / f"influx-{places}-{days}")
    influx.start()
    try:
        if kept.exists():
            until = datetime.fromisoformat(json.loads(kept.read_text())["until"])
        else:
            until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
            _fill_influx(influx, names, LargeDistrict(registry=registry, until=until, days=days))
            kept.write_text(json.dumps({"until": until.isoformat()}))
        url = postgres.fresh_database()
        lay_out_registry(registry, url, until)
        write_cases(url, registry, until=until, days=days)
        with InfluxDBClient(url=influx.url, token=ADMIN_TOKEN, org=ORG, timeout=60_000) as client:
            sources = Sources(influx=client, org=ORG, raw_bucket=names.raw, postgres_url=url)
            filled = FilledDistrict(
                until=until,
                registry=registry,
                busy_place=next(iter(registry.places)),
                sources=sources,
            )
            yield filled, influx.pid
    finally:
        influx.stop()


def _fill_influx(influx: RunningInflux, names: BucketNames, district: LargeDistrict) -> None:
    influx.set_up()
    with InfluxDBClient(url=influx.url, token=ADMIN_TOKEN) as client:
        client.organizations_api().create_organization(name=ORG)
    address = replace(influx.address(), org=ORG)
    administration = InfluxAdministration(address)
    for name in names.kept_s():
        administration.make_bucket(name, kept_s=0)
    administration.close()
    server = InfluxServer(address)
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    count = _write(server, names.raw, district.raw_lines())
    count += _write(server, names.daily, district.daily_lines())
    server.close()
    took_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    print(f"Filled: {count:,} points in {took_s:.0f} s ({cpu_s:.0f} s of CPU time on this side).\n")


def main() -> None:
    """Fill a district, ask, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--places", type=int)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    size = f"{given.places} places × {given.days} days" if given.places else "about 60 places"
    print_surroundings(f"Dashboards: what each query takes, {size}")
    postgres = start_postgres()
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = given.folder or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            if given.places:
                large = large_filled(folder, postgres, places=given.places, days=given.days)
                with large as (filled, influx_pid):
                    _report(measure(filled, (influx_pid, postgres.pid), given.rounds))
            else:
                influx = start_influx(folder / "influx")
                try:
                    with filled_district(folder, influx, postgres) as filled:
                        _report(measure(filled, (influx.pid, postgres.pid), given.rounds))
                finally:
                    influx.stop()
    finally:
        postgres.remove()


def _report(timed: list[Timed]) -> None:
    print("| query | its own range, ms | of it CPU | 30 days, ms | of it CPU |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for each in timed:
        took = (each.own.wall_s, each.own.cpu_s, each.longest.wall_s, each.longest.cpu_s)
        print(f"| {each.name} | " + " | ".join(f"{seconds * 1000:.0f}" for seconds in took) + " |")


if __name__ == "__main__":
    main()
