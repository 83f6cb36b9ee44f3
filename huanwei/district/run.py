"""``huanwei district``: a simulated district in the form of a real one, on this machine.

The processes are those of a district (edge, ingest, alerts, api), the servers real ones where a
program is found. Without PostgreSQL or InfluxDB their embedded parts do the work.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from huanwei.business_clock import SHANGHAI, AnchoredClock
from huanwei.district.plan import ServerPlan
from huanwei.district.servers import DistrictServers, write_secrets_too
from huanwei.errors import StandsInTheWayError
from huanwei.new_run import SETTINGS_NAME, write_paused_clock, write_settings
from huanwei.ports import (
    PortTakenError,
    check_ports,
    free_health_ports,
    option_of,
    usual_health_ports,
)
from huanwei.run_plan import roles_of
from huanwei.run_supervised import run_supervised
from huanwei.settings import Settings, load_settings, secrets_path_of

DISTRICT_FOLDER = Path("var/simulated-district")
"""Not ``var/district``: the manual has a district's own run there."""
LIVED_AT_LEAST = timedelta(hours=4)
"""So long a piece of a day lies behind the district when its clock has come to the present."""

_GUIDE = """
Open   {console}   the dispatcher's console (map, cases, devices)
       {simulator}   the simulated district: clock, bins, phones{grafana}{check}

The district's clock stands at {start} in Shanghai and runs {speed:g} times as fast as yours.
{present}Ctrl-C ends everything.
"""
_CHECK = """
Ask    huanwei district --check   what every panel of the seven dashboards would get now"""
_PICTURES = """
       (pictures on its dashboards need one address for both: the proxy of docker-compose.yml)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictPorts:
    """The ports of a new run."""

    console: int
    simulator: int
    first_of_broker: int
    first_of_servers: int


class NoDistrictError(StandsInTheWayError):
    """There is no earlier run to go on with or to ask."""

    def __init__(self) -> None:
        super().__init__(f"no district in {DISTRICT_FOLDER}; start one: huanwei district")


def run_district(
    *, speed: float, keep: bool, seed: int, ports: DistrictPorts, say: Callable[[str], None]
) -> None:
    """Make (or go on with) a run folder, start everything, and let the clock run when all is ready.

    Raises ``NoDistrictError``, ``PortTakenError``, ``FileInUseError``, ``StandsInTheWayError``.
    """
    settings_path, plan = _newest_run() if keep else _new_run(seed=seed, ports=ports)
    folder = settings_path.parent
    check_ports(load_settings(settings_path), more=plan.ports)
    say(f"Data and logs: {folder}")
    for line in plan.found_lines():
        say(f"  {line}")
    with (
        _district_written(settings_path, new=not keep) as written,
        DistrictServers(plan, folder) as servers,
    ):
        running = servers.started()
        written()
        servers.fill(settings_path)
        running += servers.grafana(settings_path)
        settings = load_settings(settings_path)
        clock = _paused(settings)
        run_supervised(
            settings,
            settings_path,
            ("sim", *roles_of(settings)),
            say=say,
            on_all_ready=lambda: _let_it_run(clock, speed, settings, say),
            servers=running,
        )
    say("Stopped.")


def newest_district() -> tuple[Path, ServerPlan]:
    """Return the newest run's settings file and servers; raise ``NoDistrictError``."""
    return _newest_run()


def district_start(now: datetime) -> datetime:
    """Return the latest 06:30 in Shanghai after which at least four hours have passed."""
    day = (now - LIVED_AT_LEAST).astimezone(SHANGHAI)
    morning = day.replace(hour=6, minute=30, second=0, microsecond=0)
    return (morning if morning <= day else morning - timedelta(days=1)).astimezone(UTC)


def _let_it_run(
    clock: AnchoredClock, speed: float, settings: Settings, say: Callable[[str], None]
) -> None:
    start = clock.now()
    clock.set_speed(speed)
    simulator, grafana = settings.simulator, settings.grafana
    told = ""
    if grafana is not None:
        told = (
            f"\n       {grafana.public_url}   Grafana (its password is in secrets.toml){_PICTURES}"
        )
    say(
        _GUIDE.format(
            console=settings.centre.public_url,
            simulator="" if simulator is None else simulator.url,
            grafana=told,
            check="" if settings.postgres is None or settings.influx is None else _CHECK,
            start=f"{start.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            speed=speed,
            present=_present(datetime.now(UTC) - start, speed),
        )
    )


def _present(behind: timedelta, speed: float) -> str:
    if speed <= 1:
        return f"It is {behind.total_seconds() / 3600:.1f} hours behind the present.\n"
    minutes = behind.total_seconds() / (speed - 1) / 60
    return (
        f"In about {minutes:.0f} minutes it comes to the present and runs on by it; a Grafana,"
        " which asks\nup to the present, shows everything only then.\n"
    )


def _paused(settings: Settings) -> AnchoredClock:
    if settings.run.clock_anchor is None:
        msg = "this run has no clock of its own: it is not of `huanwei district`"
        raise StandsInTheWayError(msg)
    clock = AnchoredClock(settings.run.clock_anchor)
    clock.set_speed(0)
    return clock


def _new_run(*, seed: int, ports: DistrictPorts) -> tuple[Path, ServerPlan]:
    now = datetime.now(UTC)
    folder = (DISTRICT_FOLDER / now.strftime("%Y%m%d-%H%M%S-%f")).resolve()
    plan = ServerPlan.of_what_is_found(first_port=ports.first_of_servers)
    start = district_start(now)
    path = write_settings(
        folder,
        gateway_id="gw-district",
        console_port=ports.console,
        simulator_port=ports.simulator,
        first_broker_port=ports.first_of_broker,
        seed=seed,
        started_at=start,
        health_ports=free_health_ports(
            usual_health_ports(ports.first_of_broker),
            besides={
                ports.console,
                ports.simulator,
                *range(ports.first_of_broker, ports.first_of_broker + 3),
                *range(ports.first_of_servers, ports.first_of_servers + 3),
            },
        ),
    )
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(plan.settings_text())
        plan.write(folder)
        more = plan.secrets_text(DistrictServers(plan, folder).postgres)
        write_secrets_too(secrets_path_of(path), more)
        check_ports(
            load_settings(path),
            more=plan.ports,
            named=option_of,
        )
    except (PortTakenError, StandsInTheWayError):
        # Nothing has run here: an empty run would only be in the way of --keep.
        shutil.rmtree(folder)
        raise
    write_paused_clock(folder, now=now, standing_at=start)
    return path, plan


@contextmanager
def _district_written(settings_path: Path, *, new: bool) -> Iterator[Callable[[], None]]:
    """Write a new run's registry and references while servers start; give what waits for it."""
    if not new:
        yield lambda: None
        return
    command = (sys.executable, "-m", "huanwei.prepare_demo", str(settings_path))
    writing = subprocess.Popen(command)  # noqa: S603  our own module

    def wait() -> None:
        if writing.wait() != 0:
            msg = "the simulated district could not be written"
            raise StandsInTheWayError(msg)

    try:
        yield wait
    finally:
        writing.kill()
        writing.wait()


def _newest_run() -> tuple[Path, ServerPlan]:
    runs = sorted(DISTRICT_FOLDER.glob(f"*/{SETTINGS_NAME}"))
    if not runs:
        raise NoDistrictError
    path = runs[-1].resolve()
    return path, ServerPlan.read(path.parent)
