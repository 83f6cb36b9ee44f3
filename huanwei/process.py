"""The frame of every process of ours: build its parts, start them, wait for a signal, stop them."""

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry

from huanwei.end_signals import EndSignals
from huanwei.health import HealthServer, Readiness

_LOOK_EVERY_S = 0.25

log = structlog.get_logger()


class Part(Protocol):
    """Something that runs between start and stop."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End, and wait for the end. May be called twice."""
        ...


class Closable(Protocol):
    """Something that only needs closing."""

    def close(self) -> None:
        """Let go of files or connections."""
        ...


class Closing:
    """Gives a thing that only needs closing the shape of a part."""

    def __init__(self, thing: Closable) -> None:
        self._thing = thing

    def start(self) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """Close it."""
        self._thing.close()


def always_ready() -> dict[str, str]:
    """Readiness of a part that has nothing to wait for."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessParts:
    """What a composition root has built: parts in the order of their start.

    ``failed`` is set by a part that cannot trust its storage any more: the process then ends with
    code 1, and whoever supervises it starts it anew.
    """

    parts: Sequence[Part]
    readiness: Readiness = always_ready
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    failed: threading.Event = field(default_factory=threading.Event)


def run_until_signal(built: ProcessParts, *, health_port: int) -> None:
    """Run the parts until SIGTERM or SIGINT; a part that cannot start stops the ones before it."""
    health = HealthServer(port=health_port, readiness=built.readiness, metrics=built.metrics)
    started: list[Part] = []
    with EndSignals() as end:
        try:
            for part in (health, *built.parts):
                started.append(part)
                part.start()
            log.info("process_started")
            while not end.wait(_LOOK_EVERY_S) and not built.failed.is_set():
                pass
        finally:
            for part in reversed(started):
                part.stop()
            log.info("process_stopped", failed=built.failed.is_set())
    if built.failed.is_set():
        sys.exit(1)


def all_ready(*conditions: Readiness) -> Readiness:
    """Return a readiness that names everything that any of ``conditions`` misses."""

    def missing() -> dict[str, str]:
        return {name: why for condition in conditions for name, why in condition().items()}

    return missing
