"""Runs all processes of a run in the foreground, and says in plain lines what happens."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from huanwei.end_signals import EndSignals
from huanwei.ports import check_ports
from huanwei.run_plan import broker_child, prepared_broker, role_children
from huanwei.settings import Settings
from huanwei.supervision import ChildProcess, Supervisor

Say = Callable[[str], None]


def run_supervised(
    settings: Settings,
    settings_path: Path,
    roles: Sequence[str],
    *,
    say: Say,
    on_all_ready: Callable[[], None],
    servers: Sequence[ChildProcess] = (),
) -> None:
    """Start the broker (where the settings say so) and ``roles``; return after SIGINT or SIGTERM.

    ``servers`` run already: they are watched too, started again when they end, and ended last.
    Raises ``PortTakenError`` and ``FileInUseError`` before anything is started.
    """
    check_ports(settings)
    prepared = prepared_broker(settings) if settings.broker.start else None
    children = [*servers, *role_children(settings, settings_path, roles)]
    if prepared is not None:
        children.insert(0, broker_child(prepared, settings))
    waiting = {child.name for child in children}

    def on_ready(name: str, after_s: float) -> None:
        say(f"  {name:<8} ready after {after_s:.1f} s")
        if name in waiting:
            waiting.discard(name)
            if not waiting:
                on_all_ready()

    def on_end(name: str, code: int, log_path: Path) -> None:
        say(f"  {name:<8} ended with code {code} and is started again; see {log_path}")

    supervisor = Supervisor(children, on_ready=on_ready, on_end=on_end)

    with ExitStack() as until_the_end:
        end = until_the_end.enter_context(EndSignals())
        if prepared is not None:
            until_the_end.callback(prepared.store_lock.release)
            until_the_end.enter_context(_broker_capped_when_there(settings_path))
        supervisor.run(asked_to_end=end.wait)


@contextmanager
def _broker_capped_when_there(settings_path: Path) -> Iterator[None]:
    """Have the broker's stored stream bounded as soon as its first persistent session makes it."""
    command = (sys.executable, "-m", "huanwei.broker.cap", str(settings_path), str(os.getpid()))
    capping = subprocess.Popen(command)  # noqa: S603  our own module
    # Reaped when it is done, or it would stay as a zombie for the whole run.
    reaper = threading.Thread(target=capping.wait, name="broker-cap")
    reaper.start()
    try:
        yield
    finally:
        capping.kill()
        reaper.join()
