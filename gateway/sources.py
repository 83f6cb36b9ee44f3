"""What devices send, by its source: from topic and payload to a measurement of a known sensor."""

from typing import Protocol

from domain.devices import FillSensor, SensorModel
from domain.registry import RegistrySnapshot
from gateway.chirpstack import read_uplink
from gateway.codecs import milesight_em400_mud
from gateway.errors import RefusalReason, RefusedMessageError
from gateway.measurements import Measurement
from wire.device_messages import decode_device_message
from wire.topics import dev_eui_of_chirpstack, device_of


class SourceReader(Protocol):
    """Reads the messages of one kind of source."""

    def __call__(
        self, topic: str, payload: bytes, registry: RegistrySnapshot
    ) -> tuple[FillSensor, Measurement]:
        """Return the sensor and what it measured.

        Raises :class:`RefusedMessageError` or ``wire.errors.UnreadablePayloadError``.
        """
        ...


def read_own_device(
    topic: str, payload: bytes, registry: RegistrySnapshot
) -> tuple[FillSensor, Measurement]:
    """Read a message of our own devices: the topic's id, the payload's and a registered one."""
    device_id = device_of(topic)
    if device_id is None:
        raise RefusedMessageError(RefusalReason.BAD_TOPIC, topic[:80])
    message = decode_device_message(payload)
    if message.device_id != device_id:
        detail = f"{message.device_id} on the topic of {device_id}"
        raise RefusedMessageError(RefusalReason.ID_MISMATCH, detail)
    sensor = registry.sensors.get(device_id)
    if sensor is None:
        raise RefusedMessageError(RefusalReason.UNKNOWN_DEVICE, device_id)
    if sensor.model is not SensorModel.HUANWEI_JSON:
        detail = f"{device_id} is registered as {sensor.model}"
        raise RefusedMessageError(RefusalReason.WRONG_SOURCE, detail)
    measurement = Measurement(
        device_id=device_id,
        observed_at=message.observed_at,
        distances_mm=message.distances_mm,
        temperature_c=message.temperature_c,
        battery_v=message.battery_v,
        cover_open=message.cover_open,
        out_of_position=message.out_of_position,
        rssi_dbm=message.rssi_dbm,
    )
    return sensor, measurement


def read_chirpstack(
    topic: str, payload: bytes, registry: RegistrySnapshot
) -> tuple[FillSensor, Measurement]:
    """Read an uplink event of a ChirpStack v4 server; the payload's bytes are decoded here."""
    dev_eui = dev_eui_of_chirpstack(topic)
    if dev_eui is None:
        raise RefusedMessageError(RefusalReason.BAD_TOPIC, topic[:80])
    uplink = read_uplink(payload)
    if uplink.dev_eui != dev_eui:
        detail = f"{uplink.dev_eui} on the topic of {dev_eui}"
        raise RefusedMessageError(RefusalReason.ID_MISMATCH, detail)
    sensor = registry.sensor_by_dev_eui.get(dev_eui)
    if sensor is None:
        raise RefusedMessageError(RefusalReason.UNKNOWN_DEVICE, dev_eui)
    if sensor.model is not SensorModel.MILESIGHT_EM400_MUD:
        detail = f"{sensor.device_id} is registered as {sensor.model}"
        raise RefusedMessageError(RefusalReason.WRONG_SOURCE, detail)
    if uplink.f_port != milesight_em400_mud.F_PORT:
        raise RefusedMessageError(RefusalReason.WRONG_PORT, f"port {uplink.f_port}")
    try:
        frame = milesight_em400_mud.decode_frame(uplink.payload)
    except milesight_em400_mud.DamagedFrameError as error:
        raise RefusedMessageError(RefusalReason.DAMAGED_FRAME, str(error)) from error
    if not frame.is_reading:
        raise RefusedMessageError(RefusalReason.NO_READING, uplink.payload.hex()[:40])
    measurement = Measurement(
        device_id=sensor.device_id,
        observed_at=uplink.received_at,
        distances_mm=() if frame.distance_mm is None else (frame.distance_mm,),
        temperature_c=frame.temperature_c,
        battery_ratio=frame.battery_ratio,
        out_of_position=frame.tilted,
        rssi_dbm=uplink.best_rssi_dbm,
    )
    return sensor, measurement
