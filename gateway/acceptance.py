"""Acceptance: a record is accepted when the spool has committed it, not before."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from domain.records import Record
from gateway.metrics import GatewayMetrics
from gateway.spool import Spool
from wire.records import encode_record


class AcceptanceLog:
    """One line of JSON per accepted record, written after the spool's commit.

    What stands here and never reaches the journal was lost: the oracle of the kill tests. A crash
    between commit and log leaves a record unlisted, never the other way round.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640
        )

    def write(
        self, *, gateway_id: str, boot_id: str, sequences: range, records: Sequence[Record]
    ) -> None:
        """Append the records; a crash of this process loses none of the lines."""
        lines = [
            json.dumps(
                {
                    "gateway_id": gateway_id,
                    "boot_id": boot_id,
                    "sequence": sequence,
                    "device_id": record.device_id,
                    "observed_at": record.observed_at.isoformat(),
                    "kind": record.kind.value,
                },
                separators=(",", ":"),
            )
            for sequence, record in zip(sequences, records, strict=True)
        ]
        rest = "".join(line + "\n" for line in lines).encode("ascii")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class Acceptance:
    """The one way into the spool. Any thread may call it."""

    def __init__(
        self,
        *,
        gateway_id: str,
        spool: Spool,
        metrics: GatewayMetrics,
        on_accepted: Callable[[], None],
        log: AcceptanceLog | None = None,
    ) -> None:
        self._gateway_id = gateway_id
        self._spool = spool
        self._metrics = metrics
        self._on_accepted = on_accepted
        self._log = log

    def accept(self, records: Sequence[Record], notes: Mapping[str, bytes] | None = None) -> None:
        """Make records durable, in their order, all or none.

        Raises ``SpoolFullError`` when there is no room and ``SpoolFailedError`` when the file
        cannot be trusted; in both cases nothing was accepted.
        """
        if not records:
            return
        bodies = [encode_record(record) for record in records]
        sequences = self._spool.append(bodies, notes=notes or {})
        if self._log is not None:
            self._log.write(
                gateway_id=self._gateway_id,
                boot_id=self._spool.boot_id,
                sequences=sequences,
                records=records,
            )
        for record in records:
            self._metrics.accepted.labels(record.kind.value).inc()
        self._on_accepted()
