"""The usual way from a broker into InfluxDB, as most projects write it. Only to be measured.

One reading a message: paho's callback, a pydantic model, a ``Point`` of it, influxdb-client's
batching ``WriteApi``. Nothing of it is on disk: what it has taken and not written dies with it.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import paho.mqtt.client as mqtt
from influxdb_client import InfluxDBClient, Point, WriteOptions
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from pydantic import BaseModel, Field

from tests.benchmarks.ingest_load import encoded_records
from tests.servers import GATEWAY_ID, PASSWORDS

TOPICS = "huanwei/v1/dev/+/up"
BATCH = 5_000
"""Better than the default of 1,000."""

FLUSH_S = 1.0
"""The default of the ``WriteApi``."""


class Values(BaseModel):
    """What a reading tells."""

    kind: Literal["fill"]
    measurement_quality: Literal["accepted", "suspicious", "rejected"]
    filling_level: Annotated[float, Field(ge=0, le=3)]
    distance_mm: Annotated[float, Field(ge=0, le=20_000)]
    temperature_c: Annotated[float, Field(ge=-60, le=300)]
    battery_v: Annotated[float, Field(ge=0, le=60)]
    cover_open: bool


class Reading(BaseModel):
    """One message."""

    v: Literal[1]
    device_id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
    observed_at: datetime
    gateway_at: datetime
    values: Values


def point_of(reading: Reading) -> Point:
    """Return the reading as a point with the fields that ours has."""
    values = reading.values
    return (
        Point("fill")
        .tag("device_id", reading.device_id)
        .tag("place_id", "place-1")
        .field("gateway_delay_s", (reading.gateway_at - reading.observed_at).total_seconds())
        .field("measurement_quality", values.measurement_quality)
        .field("filling_level", values.filling_level)
        .field("distance_mm", values.distance_mm)
        .field("temperature_c", values.temperature_c)
        .field("battery_v", values.battery_v)
        .field("cover_open", float(values.cover_open))
        .time(reading.observed_at)
    )


def consume(port: int, url: str, qos: int, ready: Any) -> None:  # noqa: ANN401  an event has no public type
    """Carry readings into the sink for ever; ``ready`` is set once it is subscribed.

    At QoS 1 the session outlives the process, so the broker keeps what comes while it is away.
    """
    influx = InfluxDBClient(url=url, token="any", org="any")  # noqa: S106  the sink takes any
    options = WriteOptions(batch_size=BATCH, flush_interval=int(FLUSH_S * 1_000))
    api = influx.write_api(write_options=options)

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        reading = Reading.model_validate_json(message.payload)
        api.write(bucket="raw", record=point_of(reading))

    def on_connect(*_: object) -> None:
        client.subscribe(TOPICS, qos)

    def on_subscribe(*_: object) -> None:
        ready.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, "usual", clean_session=qos == 0)
    client.username_pw_set(GATEWAY_ID, PASSWORDS[GATEWAY_ID])
    client.on_message = on_message
    client.on_connect = on_connect
    client.on_subscribe = on_subscribe
    client.connect("127.0.0.1", port)
    client.loop_forever()


def publish(port: int, qos: int, rate: float, most: int, window: int, counts: Any) -> None:  # noqa: ANN401  shared values have no public type
    """Publish readings one a message: ``counts`` is (taken by the broker, rows at the sink).

    At most ``window`` are under way, so that the broker need not drop what nobody takes.
    """
    taken, arrived = counts
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "publisher")
    client.username_pw_set("devices", PASSWORDS["devices"])
    client.max_inflight_messages_set(1_000)

    def on_publish(*_: object) -> None:
        taken.value += 1

    client.on_publish = on_publish
    client.connect("127.0.0.1", port)
    client.loop_start()
    pause = threading.Event()
    start = datetime.now(UTC) - timedelta(minutes=1)
    begun = time.monotonic()
    for sent, (sequence, record) in enumerate(encoded_records(1, most, start)):
        while sent >= (time.monotonic() - begun) * rate or sent - arrived.value >= window:
            pause.wait(0.002)
        topic = f"huanwei/v1/dev/sensor-{sequence % 200:03d}/up"
        while client.publish(topic, record, qos).rc is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            pause.wait(0.01)
    while taken.value < most:
        pause.wait(0.01)
    client.disconnect()
    client.loop_stop()
