"""Which processes make up a run, by the settings: their commands, logs and probes."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from huanwei import end_with_parent
from huanwei.broker.accounts import default_folder, users_of_run
from huanwei.broker.nats_server import BrokerPorts, PreparedBroker, prepare_broker
from huanwei.settings import Settings
from huanwei.supervision import ChildProcess

_SMALL_HEAPS = {"MALLOC_ARENA_MAX": "2"}
"""glibc gives every thread a heap of its own and keeps what pictures once needed in each."""

_GIVEN_BACK_FROM_BYTES = {"sim": 256 * 1024}
"""By default glibc learns to keep what large things needed: 30 MB of the simulator's pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortUse:
    """A port that a run needs, and the setting that gives it."""

    setting: str
    host: str
    port: int


def broker_ports(settings: Settings) -> BrokerPorts:
    """Return the broker's ports."""
    return BrokerPorts(
        host=settings.broker.host,
        mqtt=settings.broker.mqtt_port,
        administration=settings.broker.administration_port,
        monitoring=settings.broker.monitoring_port,
    )


def roles_of(settings: Settings) -> tuple[str, ...]:
    """Return the processes of this run: a district on PostgreSQL runs alerts and api apart."""
    last = ("centre",) if settings.postgres is None else ("alerts", "api")
    return ("edge", "ingest", *last)


def ports_of(settings: Settings) -> tuple[PortUse, ...]:
    """Return every port that this run will listen on."""
    broker, loopback = settings.broker, "127.0.0.1"
    uses = [
        PortUse(setting="edge.health_port", host=loopback, port=settings.edge.health_port),
        PortUse(setting="ingest.health_port", host=loopback, port=settings.ingest.health_port),
        PortUse(setting="centre.health_port", host=loopback, port=settings.centre.health_port),
        PortUse(setting="centre.port", host=settings.centre.host, port=settings.centre.port),
    ]
    if settings.postgres is not None:
        port = settings.centre.alerts_health_port
        uses.append(PortUse(setting="centre.alerts_health_port", host=loopback, port=port))
    if broker.start:
        uses += [
            PortUse(setting=f"broker.{name}_port", host=broker.host, port=port)
            for name, port in (
                ("mqtt", broker.mqtt_port),
                ("administration", broker.administration_port),
                ("monitoring", broker.monitoring_port),
            )
        ]
    if settings.simulator is not None:
        simulator = settings.simulator
        uses += [
            PortUse(setting="simulator.port", host=simulator.host, port=simulator.port),
            PortUse(setting="simulator.health_port", host=loopback, port=simulator.health_port),
        ]
    return tuple(uses)


def prepared_broker(settings: Settings) -> PreparedBroker:
    """Write the broker's configuration with the users of this run and take its store."""
    return prepare_broker(
        default_folder(settings),
        broker_ports(settings),
        users_of_run(settings),
    )


def broker_child(prepared: PreparedBroker, settings: Settings) -> ChildProcess:
    """Return the broker as a process to supervise."""
    # By its path: without `site`, which costs start-up time, our package is found from one folder
    # only, and `huanwei up` may be called from any.
    wrapper = (sys.executable, "-P", "-S", end_with_parent.__file__, str(os.getpid()))
    broker = settings.broker
    return ChildProcess(
        name="broker",
        command=(*wrapper, *prepared.command),
        log_path=settings.run.logs / "broker.log",
        ready_url=f"http://{broker.host}:{broker.monitoring_port}/healthz",
        environment=prepared.environment,
    )


def health_ports_of(settings: Settings) -> dict[str, int]:
    """Return the port of each process's probes."""
    ports = {
        "edge": settings.edge.health_port,
        "ingest": settings.ingest.health_port,
        "centre": settings.centre.health_port,
        "alerts": settings.centre.alerts_health_port,
        "api": settings.centre.health_port,
    }
    if settings.simulator is not None:
        ports["sim"] = settings.simulator.health_port
    return ports


def environment_of(role: str) -> dict[str, str]:
    """Return what a process of ours is given besides what the supervisor has: how it keeps memory.

    glibc reads it before Python begins, so no process can set it for itself.
    """
    threshold = _GIVEN_BACK_FROM_BYTES.get(role)
    given_back = {} if threshold is None else {"MALLOC_MMAP_THRESHOLD_": str(threshold)}
    return _SMALL_HEAPS | given_back


def role_children(
    settings: Settings, settings_path: Path, roles: Sequence[str]
) -> list[ChildProcess]:
    """Return our own processes, in the order of ``roles``."""
    health_ports = health_ports_of(settings)
    return [
        ChildProcess(
            name=role,
            command=(
                sys.executable,
                "-m",
                "huanwei.role",
                role,
                str(settings_path),
                str(os.getpid()),
            ),
            log_path=settings.run.logs / f"{role}.log",
            ready_url=f"http://127.0.0.1:{health_ports[role]}/readyz",
            environment=environment_of(role),
        )
        for role in roles
    ]
