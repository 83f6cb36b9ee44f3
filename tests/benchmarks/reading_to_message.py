"""From a reading's publication to the message in the channel, without configured waiting.

``python -m tests.benchmarks.reading_to_message``: 200 devices at speed 1. Each device is brought to
the limit by one high reading; the second high one fires the alert, and the clock runs from its
publication until the crew's phone has the message. Goal: p95 under 1 s.
"""

import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.benchmarks.surroundings import print_surroundings
from tests.recording_phone import RecordingPhone
from tests.whole_run import WholeRun, distance_of, small_registry, until
from wire.client import MqttClient
from wire.device_messages import DeviceMessage, encode_device_message
from wire.topics import device_topic

DEVICES = 200
ALERTS_PER_S = 5


def measure(folder: Path) -> list[float]:
    """Return the delays in seconds, one a device."""
    phone = RecordingPhone()
    phone.start()
    run = WholeRun(folder, small_registry(DEVICES, webhook_url=phone.url))
    sent_s: dict[str, float] = {}
    try:
        run.start("broker")
        run.wait_ready("broker")
        run.start("edge", "ingest", "centre")
        run.wait_ready("edge", "ingest", "centre")
        sensors = _sensors(run)
        sensors.start()
        assert until(lambda: sensors.connected, within_s=10)
        for level in (0.3, 0.95):
            for number in range(DEVICES):
                _publish(run, sensors, number, level)
        threading.Event().wait(2)
        for number in range(DEVICES):
            sent_s[f"{number:03}号点"] = time.monotonic()
            _publish(run, sensors, number, 0.96)
            threading.Event().wait(1 / ALERTS_PER_S)
        until(lambda: len(phone.messages) >= DEVICES, within_s=30)
        sensors.stop()
    finally:
        run.stop()
        phone.stop()
    delays = []
    for message, arrived_s in zip(phone.messages, phone.arrived_s, strict=True):
        place = next(name for name in sent_s if name in message["title"] + message["text"])
        delays.append(arrived_s - sent_s.pop(place))
    return delays


def _sensors(run: WholeRun) -> MqttClient:
    broker = run.settings.broker
    return MqttClient(
        host=broker.host,
        port=broker.mqtt_port,
        client_id="benchmark-devices",
        username="devices",
        password=broker.devices_password.get_secret_value(),
        subscriptions=[],
        on_message=lambda _message: None,
    )


def _publish(run: WholeRun, sensors: MqttClient, number: int, level: float) -> None:
    device_id = f"bin-{number:03}"
    message = DeviceMessage(
        device_id=device_id,
        observed_at=run.clock.now(),
        distances_mm=(distance_of(level),) * 5,
    )
    assert sensors.publish(device_topic(device_id), encode_device_message(message), qos=1)


if __name__ == "__main__":
    print_surroundings("From a reading to the message in the channel")
    with tempfile.TemporaryDirectory() as temporary:
        delays_s = sorted(measure(Path(temporary) / "run"))
    quantiles = statistics.quantiles(delays_s, n=100)
    print(f"messages: {len(delays_s)} of {DEVICES}")
    print(f"p50 {quantiles[49]:.3f} s, p95 {quantiles[94]:.3f} s, p99 {quantiles[98]:.3f} s")
