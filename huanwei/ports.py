"""The ports of a run: whether they are free, who holds one that is not, and which are to be had."""

import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from huanwei.errors import StandsInTheWayError
from huanwei.run_plan import PortUse, ports_of
from huanwei.settings import Settings
from huanwei.settings.sections import (
    CentreSection,
    EdgeSection,
    IngestSection,
    SimulatorSection,
)

_USUAL: Mapping[str, int] = {
    "edge.health_port": EdgeSection.model_fields["health_port"].default,
    "ingest.health_port": IngestSection.model_fields["health_port"].default,
    "centre.health_port": CentreSection.model_fields["health_port"].default,
    "centre.alerts_health_port": CentreSection.model_fields["alerts_health_port"].default,
    "simulator.health_port": SimulatorSection.model_fields["health_port"].default,
}
"""The probes' ports by the setting that gives each."""

USUAL_BROKER_PORT = 18_830
"""Of a simulated run; its probes' ports follow it."""

_NEW_RUN_OPTIONS = {
    "centre.port": "--console-port",
    "simulator.port": "--simulator-port",
    "broker.mqtt_port": "--broker-port",
    "broker.administration_port": "--broker-port, the second of three",
    "broker.monitoring_port": "--broker-port, the third of three",
}
_OTHER_HEALTH_PORTS = range(18_861, 18_961)
_LISTENING = "0A"


class PortTakenError(StandsInTheWayError):
    """Something else listens on ports that the run needs; the text names each and its setting."""


def check_ports(
    settings: Settings, more: Sequence[PortUse] = (), *, named: Callable[[str], str] = str
) -> None:
    """Raise :class:`PortTakenError` for every port of the run, and ``more``, that is not free.

    ``named`` tells by what to change a port whose setting it is given.
    """
    taken = [use for use in (*ports_of(settings), *more) if not is_free(use.host, use.port)]
    if taken:
        raise PortTakenError(
            "\n".join(
                f"port {use.port} on {use.host} is taken{_by_whom(use.port)} ({named(use.setting)})"
                for use in taken
            )
        )


def usual_health_ports(broker_port: int) -> dict[str, int]:
    """Return the probes' ports of a run whose broker's first port this is.

    Two runs that start at once have different ones, as their brokers have: neither sees the other.
    """
    return {setting: port - USUAL_BROKER_PORT + broker_port for setting, port in _USUAL.items()}


def free_health_ports(
    usual: Mapping[str, int],
    *,
    besides: Collection[int],
    others: Sequence[int] = _OTHER_HEALTH_PORTS,
) -> dict[str, int]:
    """Return the probes' ports of a run that nobody sets up: the usual ones where they are free.

    ``besides`` has other uses in this run. Where none is to be had the usual one is left.
    """
    never = {*besides, *usual.values()}
    spare = (port for port in others if port not in never and is_free("127.0.0.1", port))
    return {
        setting: port if port not in besides and is_free("127.0.0.1", port) else next(spare, port)
        for setting, port in usual.items()
    }


def option_of(setting: str) -> str:
    """Return by what a new simulated run is given the port of a setting."""
    if setting.endswith("health_port"):
        return f"{setting}: start again, and another is found"
    return _NEW_RUN_OPTIONS.get(setting, setting)


def is_free(host: str, port: int) -> bool:
    """Return whether a server of ours could listen there now."""
    with socket.socket() as probe:
        # As the servers do: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError):
            return False
    return True


def holder_of(port: int) -> str | None:
    """Return which process listens on a port, by number and name; None where that is not told.

    Only the processes of our own user can be asked; others, and other systems, tell nothing.
    """
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        # It may end, or be another user's, at any of these steps.
        with suppress(OSError):
            if any(str(handle.readlink()) in sockets for handle in (process / "fd").iterdir()):
                return f"process {process.name}, {_name_of(process)}"
    return None


def _by_whom(port: int) -> str:
    holder = holder_of(port)
    return "" if holder is None else f" by {holder}"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                _, local, _, state, *_, inode = line.split()[:10]
                if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                    yield inode


def _name_of(process: Path) -> str:
    """Return the whole call of a process of ours; of others the name: a call may hold secrets."""
    words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    if any(word.startswith("huanwei.") or Path(word).name == "huanwei" for word in words):
        return " ".join(words).strip()
    return (process / "comm").read_text(errors="replace").strip()
