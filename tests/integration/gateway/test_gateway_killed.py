"""SIGKILL of the gateway at random moments under load; the acceptance log is the oracle."""

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.servers import GATEWAY_ID, PASSWORDS, RunningBroker
from wire.acks import Ack, encode_ack
from wire.batches import decode_batch
from wire.client import Message, MqttClient
from wire.records import decode_record
from wire.topics import UP_FILTER, ack_topic

ROOT = Path(__file__).parents[3]
Identity = tuple[str, int]


def eventually(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    for _ in range(int(within_s / 0.02)):
        if condition():
            return
        threading.Event().wait(0.02)
    pytest.fail("it did not happen in time")


class Oracle:
    """Takes every batch, acks most of them, and remembers each record by its identity."""

    def __init__(self, broker: RunningBroker, rng: random.Random) -> None:
        self._rng = rng
        self.received: dict[Identity, tuple[str, str]] = {}
        self.altered: list[Identity] = []
        self.client = MqttClient(
            host=broker.host,
            port=broker.port,
            client_id="oracle",
            subscriptions=[(UP_FILTER, 0)],
            on_message=self._receive,
            username="ingest",
            password=PASSWORDS["ingest"],
        )

    def _receive(self, message: Message) -> None:
        batch = decode_batch(message.payload)
        for sequence, body in batch.items:
            record = decode_record(body)
            told = (record.device_id, record.observed_at.isoformat())
            identity = (batch.boot_id, sequence)
            if self.received.setdefault(identity, told) != told:
                self.altered.append(identity)
        if self._rng.random() < 0.8:
            through = batch.items[-1][0]
            held = {sequence for boot_id, sequence in self.received if boot_id == batch.boot_id}
            gaps = set(range(batch.oldest, through)) - held
            missing = tuple((gap, gap) for gap in sorted(gaps))[:1_000]
            ack = Ack(boot_id=batch.boot_id, through=through, missing=missing)
            self.client.publish(ack_topic(GATEWAY_ID), encode_ack(ack))


@contextmanager
def gateway_process(folder: Path, port: int, first: int, how: str) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.integration.gateway.gateway_process"]
    with (folder / "gateway.log").open("ab") as lines:
        process = subprocess.Popen(
            [*command, str(folder), str(port), str(first), how],
            cwd=ROOT,
            stdout=lines,
            stderr=lines,
        )
        try:
            yield
        finally:
            process.kill()
            process.wait()


def accepted(folder: Path) -> dict[Identity, tuple[str, str]]:
    path = folder / "accepted.jsonl"
    if not path.exists():
        return {}
    lines = path.read_text(encoding="ascii").splitlines()
    entries = [json.loads(line) for line in lines]
    return {
        (each["boot_id"], each["sequence"]): (each["device_id"], each["observed_at"])
        for each in entries
    }


def has_grown(folder: Path, before: int) -> bool:
    return len(accepted(folder)) > before


def test_no_accepted_record_is_lost_or_altered_when_the_gateway_is_killed(
    broker: RunningBroker, tmp_path: Path
) -> None:
    rng = random.Random(20261123)
    oracle = Oracle(broker, rng)
    oracle.client.start()
    eventually(lambda: oracle.client.connected)
    try:
        for round_number in range(4):
            before = len(accepted(tmp_path))
            with gateway_process(tmp_path, broker.port, 100_000 * round_number, "busy"):
                eventually(partial(has_grown, tmp_path, before))
                threading.Event().wait(rng.uniform(0.05, 0.5))
        expected = accepted(tmp_path)
        with gateway_process(tmp_path, broker.port, 0, "idle"):
            eventually(lambda: expected.keys() <= oracle.received.keys())
    finally:
        oracle.client.stop()
    assert len(expected) > 100
    assert {key: oracle.received[key] for key in expected} == expected
    assert oracle.altered == []
    sequences = sorted(sequence for _, sequence in oracle.received)
    assert sequences == list(range(1, len(sequences) + 1))
    assert len({boot_id for boot_id, _ in oracle.received}) == 1
