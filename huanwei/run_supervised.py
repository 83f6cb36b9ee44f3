"""Runs all processes of a run in the foreground, and says in plain lines what happens."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from huanwei.end_signals import EndSignals
from huanwei.errors import StandsInTheWayError
from huanwei.run_plan import (
    PortUse,
    broker_child,
    ports_of,
    prepared_broker,
    role_children,
)
from huanwei.settings import Settings
from huanwei.supervision import ChildProcess, Supervisor

Say = Callable[[str], None]


class PortTakenError(StandsInTheWayError):
    """Something else listens on ports that the run needs; the text names each and its setting."""


def check_ports(settings: Settings, more: Sequence[PortUse] = ()) -> None:
    """Raise :class:`PortTakenError` for every port of the run, and ``more``, that is not free."""
    taken = [use for use in (*ports_of(settings), *more) if not _is_free(use)]
    if taken:
        lines = [f"port {use.port} on {use.host} is taken ({use.setting})" for use in taken]
        raise PortTakenError("\n".join(lines))


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
    Raises :class:`PortTakenError` and ``FileInUseError`` before anything is started.
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


def _is_free(use: PortUse) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((use.host, use.port))
        except OSError:
            return False
    return True
