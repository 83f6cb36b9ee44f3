"""The ledger: every value that was sent and what was true, one JSON object a line.

It is the measure for everything behind the gateway's door: detection delay, misses, false alerts
and losses can be computed from it without looking into our code. The same run gives the same
bytes.
"""

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from firmware_sim.truth_changes import TruthChange, TruthEvent


class RunLine(msgspec.Struct, frozen=True, kw_only=True, tag="run", tag_field="line"):
    """The first line of a run."""

    schema: Literal[1] = 1
    seed: int
    scenario: str
    started_at: datetime
    places: int
    sensors: int


class SentLine(msgspec.Struct, frozen=True, kw_only=True, tag="sent", tag_field="line"):
    """A frame that went out at ``at``; ``withheld`` ones never left, for the faults named.

    ``true_level`` is the container's at the time of measuring, ``distances_mm`` what the frame
    tells; ``observed_at`` the time it tells; ``copy`` is above 0 for repetitions.
    """

    at: datetime
    device_id: str
    number: int
    observed_at: datetime
    distances_mm: tuple[int, ...]
    true_level: float
    payload_bytes: int = 0
    copy: int = 0
    faults: tuple[str, ...] = ()
    withheld: bool = False


class TruthLine(msgspec.Struct, frozen=True, kw_only=True, tag="truth", tag_field="line"):
    """A true change: see :class:`firmware_sim.truth_changes.TruthChange`."""

    at: datetime
    place_id: str
    event: TruthEvent
    subject: str | None = None
    value: float | None = None
    actor: str | None = None


class EndLine(msgspec.Struct, frozen=True, kw_only=True, tag="end", tag_field="line"):
    """The last line of a run that ended in order: truth is known up to ``at``."""

    at: datetime
    sent: int
    withheld: int


Line = RunLine | SentLine | TruthLine | EndLine

_DECODER = msgspec.json.Decoder(Line)


class Ledger(Protocol):
    """Takes lines."""

    def write(self, lines: Iterable[Line]) -> None:
        """Append the lines, in order."""
        ...


class LedgerFile:
    """Appends to a file; readable by others after each :meth:`flush`. Thread-safe."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        self._lock = threading.Lock()
        self._encoder = msgspec.json.Encoder()

    def write(self, lines: Iterable[Line]) -> None:
        """Append the lines, in order."""
        raw = b"".join(self._encoder.encode(line) + b"\n" for line in lines)
        with self._lock:
            self._file.write(raw)

    def flush(self) -> None:
        """Hand what was written to the system."""
        with self._lock:
            self._file.flush()

    def close(self) -> None:
        """Flush and close; may be called twice."""
        with self._lock:
            self._file.close()


def truth_line(change: TruthChange) -> TruthLine:
    """Return the line for a true change."""
    return TruthLine(
        at=change.at,
        place_id=change.place_id,
        event=change.event,
        subject=change.subject,
        value=change.value,
        actor=change.actor,
    )


def read_ledger(path: Path) -> Iterator[Line]:
    """Yield the lines of a ledger. A last line that was cut by a crash is left out.

    Raises ``msgspec.DecodeError`` for any other line that is none.
    """
    with path.open("rb") as file:
        for raw in file:
            if raw.endswith(b"\n"):
                yield _DECODER.decode(raw)
