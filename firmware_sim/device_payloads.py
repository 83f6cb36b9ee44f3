"""From a measurement to what goes over the air and the network: topic and payload by model."""

from dataclasses import dataclass
from random import Random
from uuid import UUID

from domain.devices import SensorModel
from firmware_sim import em400_mud
from firmware_sim.chirpstack_uplink import APPLICATION_ID, Uplink, encode_uplink
from firmware_sim.seconds import datetime_of
from firmware_sim.sensors import Measurement, SensorDevice
from wire.device_messages import DeviceMessage, encode_device_message
from wire.topics import chirpstack_topic, device_topic

_EMPTY_V, _FULL_V = 3.0, 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a device sends: ``observed_at_s`` is the time that the message tells."""

    topic: str
    payload: bytes
    observed_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFaults:
    """What is wrong with a frame itself; the defaults are a good frame.

    ``cut``: the payload ends in its middle; ``named``: the device id or DevEUI that the payload
    names; ``topic_named``: the one that the topic names.
    """

    clock_skew_s: float = 0.0
    cut: bool = False
    named: str | None = None
    topic_named: str | None = None


GOOD = FrameFaults()


def encode(
    device: SensorDevice, measurement: Measurement, frame_count: int, faults: FrameFaults = GOOD
) -> Frame:
    """Return the frame in the manner of the device's model."""
    if device.sensor.model is SensorModel.MILESIGHT_EM400_MUD:
        payload = em400_mud.encode_reading(
            battery_ratio=measurement.battery_ratio,
            temperature_c=measurement.temperature_c,
            distance_mm=measurement.median_mm,
            tilted=measurement.tilted,
        )
        return _lorawan(device, measurement, frame_count, payload, faults)
    return _own_json(device, measurement, faults)


def encode_restart(device: SensorDevice, measurement: Measurement) -> Frame | None:
    """Return what the device says first after a restart, if its model says anything."""
    if device.sensor.model is not SensorModel.MILESIGHT_EM400_MUD:
        return None
    return _lorawan(device, measurement, 0, em400_mud.JOIN_FRAME, GOOD)


def _own_json(device: SensorDevice, measurement: Measurement, faults: FrameFaults) -> Frame:
    device_id = device.sensor.device_id
    observed_at_s = round(measurement.at_s + faults.clock_skew_s, 3)
    payload = encode_device_message(
        DeviceMessage(
            device_id=faults.named or device_id,
            observed_at=datetime_of(observed_at_s),
            distances_mm=measurement.distances_mm,
            temperature_c=measurement.temperature_c,
            battery_v=round(_EMPTY_V + measurement.battery_ratio * (_FULL_V - _EMPTY_V), 3),
            cover_open=False,
            out_of_position=measurement.tilted,
            rssi_dbm=float(measurement.signal_dbm),
        )
    )
    return Frame(
        topic=device_topic(faults.topic_named or device_id),
        payload=payload[: len(payload) // 2] if faults.cut else payload,
        observed_at_s=observed_at_s,
    )


def _lorawan(
    device: SensorDevice,
    measurement: Measurement,
    frame_count: int,
    payload: bytes,
    faults: FrameFaults,
) -> Frame:
    dev_eui = device.sensor.dev_eui or ""
    rng = Random(f"{device.seed}/air/{dev_eui}/{measurement.number}/{len(payload)}")  # noqa: S311
    # The network server stamps the time; the device's own clock does not matter.
    received_s = round(measurement.at_s + rng.uniform(0.08, 0.4), 3)
    uplink = Uplink(
        deduplication_id=UUID(int=rng.getrandbits(128), version=4),
        received_at=datetime_of(received_s),
        device_name=device.sensor.device_id,
        dev_eui=faults.named or dev_eui,
        f_cnt=frame_count,
        f_port=em400_mud.F_PORT,
        payload=payload[: len(payload) // 2 + 1] if faults.cut else payload,
        rssi_dbm=measurement.signal_dbm,
        snr_db=round(rng.uniform(-4, 11), 1),
    )
    return Frame(
        topic=chirpstack_topic(APPLICATION_ID, faults.topic_named or dev_eui),
        payload=encode_uplink(uplink),
        observed_at_s=received_s,
    )
