"""What the benchmarks of ingest send: records of many sensors, and a stand-in for the gateways.

The stand-in runs in a process of its own. Like a gateway it keeps a window of unacknowledged
batches and sends again what was lost; it can also keep to a rate, and stop after a number.
"""

import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event

from domain.registry import RegistrySnapshot
from tests.fakes.ingest_samples import BOOT, sample_registry, sensor_id
from tests.servers import GATEWAY_ID, PASSWORDS
from wire.acks import decode_ack
from wire.batches import UplinkBatch, encode_batch
from wire.client import Message, MqttClient
from wire.topics import ack_topic, up_topic

_RESEND_S = 2.0


def gateway_ids(count: int) -> list[str]:
    """Return the ids of so many stand-ins; a broker has the first of them anyway."""
    return [GATEWAY_ID, *(f"gw-test-{number}" for number in range(2, count + 1))]


def registry_of(sensors: int, gateways: int = 1) -> RegistrySnapshot:
    """Return a registry with so many sensors at each of the stand-ins' gateways."""
    registry = sample_registry(sensors=sensors * gateways + 1, gateway_id=GATEWAY_ID)
    ids = gateway_ids(gateways)
    at_theirs = {
        sensor_id(number): replace(
            registry.sensors[sensor_id(number)], gateway_id=ids[number // sensors]
        )
        for number in range(sensors * gateways)
    }
    return replace(registry, sensors={**registry.sensors, **at_theirs})


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Batches of ``size`` records, at most ``window`` unacknowledged, of ``sensors`` in turn.

    The sensors are those from ``first_sensor`` on, at ``gateway_id``.

    ``rate``: at most so many records a second; ``most``: so many in all. Each sensor observes every
    ``every``, the first one ``ago`` before the load begins.
    """

    size: int
    window: int
    sensors: int = 200
    rate: float = float("inf")
    most: int = 2**62
    every: timedelta = timedelta(milliseconds=1)
    ago: timedelta = timedelta(minutes=1)
    boot_id: str = BOOT
    gateway_id: str = GATEWAY_ID
    first_sensor: int = 0


def shared_among(load: Load, gateways: int) -> list[Load]:
    """Return the load as one for each of so many gateways, each with its own sensors."""
    return [
        replace(load, gateway_id=gateway_id, first_sensor=place * load.sensors)
        for place, gateway_id in enumerate(gateway_ids(gateways))
    ]


@dataclass(slots=True, kw_only=True)
class Sent:
    """What became of a load: ``acknowledged`` records, in ``seconds``.

    ``latencies_s`` are the times from the publication of a batch to the ack that covers it.
    """

    acknowledged: int = 0
    resends: int = 0
    seconds: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    by_gateway: dict[str, int] = field(default_factory=dict)


def encoded_records(
    first: int,
    count: int,
    start: datetime,
    *,
    sensors: int = 200,
    every: timedelta = timedelta(milliseconds=1),
    first_sensor: int = 0,
) -> Iterator[tuple[int, bytes]]:
    """Yield sequences and records, all different: every sensor once, then all of them later."""
    text, turn_of_text = "", -1
    for sequence in range(first, first + count):
        turn, sensor = divmod(sequence, sensors)
        if turn != turn_of_text:
            at, turn_of_text = start + turn * every, turn
            text = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z"
        yield (
            sequence,
            (
                f'{{"v":1,"device_id":"{sensor_id(first_sensor + sensor)}","observed_at":"{text}",'
                f'"gateway_at":"{text}","values":{{"kind":"fill","measurement_quality":"accepted",'
                f'"filling_level":0.{sequence % 1000:03d},"distance_mm":{sequence % 1500}.5,'
                '"temperature_c":21.5,"battery_v":3.58,"cover_open":false}}'
            ).encode(),
        )


def batch_from(first: int, load: Load, start: datetime, *, oldest: int | None = None) -> bytes:
    """Return the payload of the batch that begins with that sequence.

    ``oldest`` is what the gateway still keeps; without it, nothing from before the batch.
    """
    items = encoded_records(
        first,
        load.size,
        start,
        sensors=load.sensors,
        every=load.every,
        first_sensor=load.first_sensor,
    )
    return encode_batch(
        UplinkBatch(
            gateway_id=load.gateway_id,
            boot_id=load.boot_id,
            oldest=oldest or first,
            items=tuple(items),
        )
    )


class StandIn:
    """Publishes a load through the broker at ``port``."""

    def __init__(self, port: int, load: Load) -> None:
        self._load = load
        self._moved = threading.Event()
        self._through = 0
        self._under_way: deque[tuple[int, float]] = deque()
        self._sent = Sent()
        self._client = MqttClient(
            host="127.0.0.1",
            port=port,
            client_id=f"stand-in-{load.gateway_id}-{load.boot_id}",
            subscriptions=[(ack_topic(load.gateway_id), 0)],
            on_message=self._receive,
            username=load.gateway_id,
            password=PASSWORDS[GATEWAY_ID],
        )

    def _receive(self, message: Message) -> None:
        ack = decode_ack(message.payload)
        if ack.boot_id != self._load.boot_id:
            return
        now_s = time.monotonic()
        through = ack.missing[0][0] - 1 if ack.missing else ack.through
        self._through = max(self._through, through)
        while self._under_way and self._under_way[0][0] <= self._through:
            self._sent.latencies_s.append(now_s - self._under_way.popleft()[1])
        self._moved.set()

    def run(self, seconds: float, stopped: Callable[[], bool]) -> Sent:
        """Publish for so long, or until told to stop, or until all of it is acknowledged."""
        load, sent = self._load, 0
        self._client.start()
        while not self._client.subscribed:
            self._moved.wait(0.01)
        start, began_s = datetime.now(UTC) - load.ago, time.monotonic()
        stirred_s = began_s
        while (now_s := time.monotonic()) < began_s + seconds and self._through < load.most:
            if stopped():
                break
            due = min(load.most, (now_s - began_s) * load.rate + load.size)
            due = min(due, self._through + load.size * load.window)
            while sent + load.size <= due:
                payload = batch_from(sent + 1, load, start, oldest=self._through + 1)
                self._under_way.append((sent + load.size, time.monotonic()))
                if not self._client.publish(up_topic(load.gateway_id), payload):
                    self._under_way.pop()
                    break
                sent += load.size
            self._moved.clear()
            before = self._through
            self._moved.wait(min(0.01, load.size / min(load.rate, 1e4)))
            if self._through != before or sent == before:
                stirred_s = time.monotonic()
            elif time.monotonic() - stirred_s > _RESEND_S:
                sent, stirred_s = self._through, time.monotonic()
                self._under_way.clear()
                self._sent.resends += 1
        self._sent.seconds = time.monotonic() - began_s
        self._moved.wait(0.3)
        self._client.stop()
        self._sent.acknowledged = self._through
        self._sent.by_gateway = {load.gateway_id: self._through}
        return self._sent


def _run(
    port: int, loads: Sequence[Load], seconds: float, stopping: Event, answer: "Queue[Sent]"
) -> None:
    with ThreadPoolExecutor(len(loads)) as threads:
        running = [
            threads.submit(StandIn(port, load).run, seconds, stopping.is_set) for load in loads
        ]
    sent = [each.result() for each in running]
    answer.put(
        Sent(
            acknowledged=sum(each.acknowledged for each in sent),
            resends=sum(each.resends for each in sent),
            seconds=max(each.seconds for each in sent),
            latencies_s=[one for each in sent for one in each.latencies_s],
            by_gateway={name: count for each in sent for name, count in each.by_gateway.items()},
        )
    )


class Sending:
    """A load on its way from a process of its own."""

    def __init__(
        self,
        process: multiprocessing.process.BaseProcess,
        stopping: Event,
        answer: "Queue[Sent]",
    ) -> None:
        self._process = process
        self._stopping = stopping
        self._answer = answer

    @property
    def running(self) -> bool:
        """Whether it still sends."""
        return self._process.is_alive() and self._answer.empty()

    def stop(self) -> None:
        """Tell it to end."""
        self._stopping.set()

    def result(self, within_s: float) -> Sent:
        """Wait for the end, and return what became of the load."""
        sent = self._answer.get(timeout=within_s)
        self._process.join()
        return sent


@contextmanager
def sending(port: int, load: Load | Sequence[Load], seconds: float) -> Iterator[Sending]:
    """Send one load or several for so long, in a process that ends with this context."""
    loads = [load] if isinstance(load, Load) else list(load)
    spawn = multiprocessing.get_context("spawn")
    answer: Queue[Sent] = spawn.Queue()
    stopping = spawn.Event()
    process = spawn.Process(target=_run, args=(port, loads, seconds, stopping, answer))
    process.start()
    try:
        yield Sending(process, stopping, answer)
    finally:
        if process.is_alive():
            process.terminate()
            process.join()
