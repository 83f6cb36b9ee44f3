from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from domain.records import FillReading, MeasurementQuality, Record, RecordKind
from gateway.emptying import EmptyingRule
from gateway.errors import RefusalReason, RefusedMessageError
from gateway.filling import FillingLimits
from gateway.intake import MessageIntake, TakenMessage
from gateway.sources import SourceReader, read_chirpstack, read_own_device
from tests.fakes.manual_clock import START
from tests.gateway_material import DEV_EUI, device_payload, registry_of_site, uplink_payload
from wire.topics import chirpstack_topic, device_topic

GATEWAY = "gw-1"
REGISTRY = registry_of_site(GATEWAY)
OWN, LORA = device_topic("sensor-1"), chirpstack_topic("app", DEV_EUI)


def new_intake(notes: dict[str, bytes] | None = None) -> MessageIntake:
    return MessageIntake(
        gateway_id=GATEWAY,
        emptying=EmptyingRule(),
        limits=FillingLimits(),
        notes=notes or {},
    )


def take(
    read: SourceReader, topic: str, payload: bytes, intake: MessageIntake | None = None
) -> TakenMessage:
    return (intake or new_intake()).take(
        read, topic=topic, payload=payload, registry=REGISTRY, gateway_at=START
    )


def only(taken: TakenMessage) -> tuple[Record, FillReading]:
    (record,) = taken.records
    assert isinstance(record.values, FillReading)
    return record, record.values


def test_a_message_of_our_own_device_becomes_a_fill_record() -> None:
    at = START - timedelta(seconds=2)
    record, values = only(take(read_own_device, OWN, device_payload("sensor-1", at, 600)))
    assert (record.device_id, record.observed_at, record.gateway_at) == ("sensor-1", at, START)
    assert values.filling_level == 0.5


def test_a_lorawan_uplink_becomes_a_fill_record_of_the_registered_device() -> None:
    record, values = only(take(read_chirpstack, LORA, uplink_payload(DEV_EUI, START, 600)))
    assert (record.device_id, values.filling_level) == ("lora-1", 0.5)
    assert (values.battery_ratio, values.temperature_c, values.rssi_dbm) == (0.92, 25.7, -97)
    assert values.out_of_position is False
    assert values.measurement_quality is MeasurementQuality.ACCEPTED


def test_a_frame_with_some_of_the_values_says_nothing_of_the_others() -> None:
    payload = uplink_payload(DEV_EUI, START, 0, data="AXVc")
    _, values = only(take(read_chirpstack, LORA, payload))
    assert values.battery_ratio == 0.92
    assert (values.filling_level, values.temperature_c, values.out_of_position) == (None,) * 3


def refusal(read: SourceReader, topic: str, payload: bytes) -> RefusalReason:
    with pytest.raises(RefusedMessageError) as refused:
        take(read, topic, payload)
    return refused.value.reason


def own(at: datetime = START, device_id: str = "sensor-1") -> bytes:
    return device_payload(device_id, at, 600)


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (OWN, b"", "empty"),
        (OWN, b" " * 10_000, "too_large"),
        (OWN, b"\xff\xfe\x00", "malformed"),
        (OWN, b"[" * 5_000, "wrong_shape"),
        (OWN, own().replace(b"600", b"NaN"), "malformed"),
        (OWN, own().replace(b"600", b'"600"'), "wrong_shape"),
        (OWN, own().replace(b"sensor-1", b"../sensor"), "invalid_value"),
        (OWN, own(device_id="sensor-2"), "id_mismatch"),
        (device_topic("sensor-2"), own(device_id="sensor-2"), "unknown_device"),
        (device_topic("SENSOR"), own(), "bad_topic"),
        (device_topic("lora-1"), own(device_id="lora-1"), "wrong_source"),
        (device_topic("sensor-of-others"), own(device_id="sensor-of-others"), "foreign_device"),
        (OWN, own(datetime(1970, 1, 1, tzinfo=UTC)), "observed_before_2020"),
        (OWN, own(datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC)), "observed_before_2020"),
        (OWN, own(datetime(2099, 1, 1, tzinfo=UTC)), "observed_in_future"),
        (OWN, own(START + timedelta(minutes=10, seconds=1)), "observed_in_future"),
    ],
)
def test_a_bad_message_of_our_own_is_refused_with_its_reason(
    topic: str, payload: bytes, reason: str
) -> None:
    assert refusal(read_own_device, topic, payload) == reason


@pytest.mark.parametrize("at", [datetime(2020, 1, 1, tzinfo=UTC), START + timedelta(minutes=10)])
def test_old_and_slightly_early_readings_are_taken(at: datetime) -> None:
    assert only(take(read_own_device, OWN, own(at)))[0].observed_at == at


def uplink(**members: object) -> bytes:
    return uplink_payload(DEV_EUI, START, 600, **members)


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (LORA, b"\x0a\x02protobuf", "malformed"),
        (LORA, uplink(time="1970-01-01T00:00:00Z"), "observed_before_2020"),
        (LORA, uplink(time="2099-01-01T00:00:00.000000000+00:00"), "observed_in_future"),
        (LORA, uplink(deviceInfo={"devEui": "0102030405060a01"}), "id_mismatch"),
        (LORA.replace("/up", "/join"), uplink(), "bad_topic"),
        (LORA, uplink(fPort=84), "wrong_port"),
        (LORA, uplink(data="AXVcA2cB"), "damaged_frame"),
        (LORA, uplink(data=""), "damaged_frame"),
        (LORA, uplink(data="/wv/"), "no_reading"),
        (LORA, b'{"object":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "too_deep"),
        (
            chirpstack_topic("app", "0102030405060a01"),
            uplink(deviceInfo={"devEui": "0102030405060a01"}),
            "unknown_device",
        ),
    ],
)
def test_a_bad_uplink_is_refused_with_its_reason(topic: str, payload: bytes, reason: str) -> None:
    assert refusal(read_chirpstack, topic, payload) == reason


Feed = Callable[[int, float], TakenMessage]


def feeder(intake: MessageIntake) -> Feed:
    def feed(minute: int, distance_mm: float) -> TakenMessage:
        at = START - timedelta(hours=1) + timedelta(minutes=minute)
        payload = device_payload("sensor-1", at, int(distance_mm))
        return take(read_own_device, OWN, payload, intake)

    return feed


def test_an_emptying_is_told_before_the_reading_that_confirms_it() -> None:
    feed = feeder(new_intake())
    feed(0, 300)
    feed(5, 1_050)
    kinds = [record.kind for record in feed(10, 1_050).records]
    assert kinds == [RecordKind.EMPTIED, RecordKind.FILL]


def test_an_emptying_is_not_missed_when_the_process_starts_anew_in_between() -> None:
    kept: dict[str, bytes] = {}
    told = []
    for minute, distance_mm in ((0, 300), (5, 1_050), (10, 1_050), (15, 1_050)):
        taken = feeder(new_intake(kept))(minute, distance_mm)
        kept |= taken.notes
        told += [record.kind for record in taken.records]
    assert told.count(RecordKind.EMPTIED) == 1


def test_a_message_that_comes_twice_makes_the_same_record_and_no_new_state() -> None:
    feed = feeder(new_intake())
    first, again = feed(0, 300), feed(0, 300)
    assert first.records == again.records
    assert (len(first.notes), len(again.notes)) == (1, 0)
