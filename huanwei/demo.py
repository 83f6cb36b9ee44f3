"""``huanwei demo``: a simulated district and everything that works for it, on this machine."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from huanwei.business_clock import SHANGHAI, AnchoredClock, demo_start
from huanwei.errors import StandsInTheWayError
from huanwei.new_run import SETTINGS_NAME, write_paused_clock, write_settings
from huanwei.ports import (
    PortTakenError,
    check_ports,
    free_health_ports,
    option_of,
    usual_health_ports,
)
from huanwei.run_supervised import run_supervised
from huanwei.settings import Settings, load_settings

DEMO_FOLDER = Path("var/demo")
DEMO_ROLES = ("sim", "edge", "ingest", "centre")

_GUIDE = """
Open   {console}   the dispatcher's console (map, cases, devices)
       {simulator}   the simulated district: clock, bins, phones

What to look for at {speed:g} x (a minute here is {speed:g} minutes there):
  half a minute   bins at the morning market overflow; cases are filed, crews get messages
  one minute      points are emptied; the cameras look whether the ground was swept afterwards
  two minutes     crews say done; cameras and sensors check; cases close, or go back as rework
Your part: on the simulator page open the phone of the visitor's crew and follow its link.
The business clock stands at {start} in Shanghai. Ctrl-C ends everything.
"""


class NothingToKeepError(StandsInTheWayError):
    """``--keep`` was asked for, and there is no earlier run."""

    def __init__(self) -> None:
        super().__init__(f"no earlier run in {DEMO_FOLDER}; start one without --keep")


def run_demo(
    *,
    speed: float,
    keep: bool,
    seed: int,
    console_port: int,
    simulator_port: int,
    broker_port: int,
    say: Callable[[str], None],
) -> None:
    """Make (or go on with) a run folder, start everything, and let the clock run when all is ready.

    Raises ``NothingToKeepError``, ``PortTakenError``, ``FileInUseError``.
    """
    if keep:
        settings_path = _newest_run()
        settings = load_settings(settings_path)
        check_ports(settings, named=lambda setting: f"{setting} in {settings_path}")
    else:
        settings_path, settings = _new_run(
            seed=seed,
            console_port=console_port,
            simulator_port=simulator_port,
            broker_port=broker_port,
        )
    anchor = settings.run.clock_anchor
    if anchor is None or settings.simulator is None:
        msg = f"{settings_path} is not a demo run"
        raise ValueError(msg)
    simulator_url = f"http://{settings.simulator.host}:{settings.simulator.port}"
    clock = AnchoredClock(anchor)
    clock.set_speed(0)
    say(f"Data and logs: {settings_path.parent}")

    def let_it_run() -> None:
        start = clock.now()
        clock.set_speed(speed)
        say(
            _GUIDE.format(
                console=settings.centre.public_url,
                simulator=simulator_url,
                speed=speed,
                start=f"{start.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            )
        )

    run_supervised(settings, settings_path, DEMO_ROLES, say=say, on_all_ready=let_it_run)
    say("Stopped.")


def _new_run(
    *, seed: int, console_port: int, simulator_port: int, broker_port: int
) -> tuple[Path, Settings]:
    now = datetime.now(UTC)
    folder = DEMO_FOLDER / now.strftime("%Y%m%d-%H%M%S-%f")
    settings_path = write_settings(
        folder.resolve(),
        gateway_id="gw-demo",
        console_port=console_port,
        simulator_port=simulator_port,
        first_broker_port=broker_port,
        seed=seed,
        started_at=demo_start(now),
        health_ports=free_health_ports(
            usual_health_ports(broker_port),
            besides={console_port, simulator_port, *range(broker_port, broker_port + 3)},
        ),
    )
    settings = load_settings(settings_path)
    try:
        check_ports(settings, named=option_of)
    except PortTakenError:
        # Nothing has run here: an empty run would only be in the way of --keep.
        shutil.rmtree(folder)
        raise
    write_paused_clock(settings_path.parent, now=now, standing_at=demo_start(now))
    subprocess.run(  # noqa: S603  our own module
        (sys.executable, "-m", "huanwei.prepare_demo", str(settings_path)), check=True
    )
    return settings_path, settings


def _newest_run() -> Path:
    runs = sorted(DEMO_FOLDER.glob(f"*/{SETTINGS_NAME}"))
    if not runs:
        raise NothingToKeepError
    return runs[-1].resolve()
