import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import SensorModel
from domain.fill import filling_level
from firmware_sim import em400_mud
from firmware_sim.chirpstack_uplink import Uplink, encode_uplink
from firmware_sim.device_payloads import encode
from firmware_sim.seconds import seconds_of
from firmware_sim.sensors import (
    SensorDevice,
    Surroundings,
    first_number,
    measure,
    sensor_device,
    wake_s,
)
from firmware_sim.weather import air_c
from gateway.chirpstack import read_uplink
from gateway.codecs.milesight_em400_mud import decode_frame
from tests.fakes.simulated_district import FIRST_MORNING, district
from wire.device_messages import decode_device_message
from wire.topics import dev_eui_of_chirpstack, device_of

REGISTRY = district().registry
START_S = seconds_of(FIRST_MORNING)
VECTORS = Path("tests/golden/codecs/milesight-em400-mud.json")


def device_of_model(model: SensorModel) -> SensorDevice:
    sensor = next(one for one in REGISTRY.sensors.values() if one.model is model)
    return sensor_device(sensor, REGISTRY.containers[sensor.container_id], seed=7)


OWN = device_of_model(SensorModel.HUANWEI_JSON)
LORAWAN = device_of_model(SensorModel.MILESIGHT_EM400_MUD)
BOTH = pytest.mark.parametrize("device", [OWN, LORAWAN], ids=["own", "lorawan"])
levels = st.floats(0, 1.15)


@BOTH
@given(level=levels, number=st.integers(5_000_000, 6_000_000))
def test_a_report_is_a_pure_function_of_its_number_and_surroundings(
    device: SensorDevice, level: float, number: int
) -> None:
    surroundings = Surroundings(level=level, air_c=12.0)
    assert measure(device, number, surroundings) == measure(device, number, surroundings)


@BOTH
def test_a_device_wakes_once_in_each_interval(device: SensorDevice) -> None:
    first = first_number(device, START_S)
    times = [wake_s(device, first + index) for index in range(200)]
    assert times[0] > START_S
    assert times[0] <= START_S + device.sensor.report_interval_s + 4
    gaps = [late - early for early, late in pairwise(times)]
    assert all(abs(gap - 300) <= 4 for gap in gaps)
    assert len({round(gap, 3) for gap in gaps}) > 100
    _, next_s = measure(device, first, Surroundings(level=0.4, air_c=12.0))
    assert next_s == times[1]


@BOTH
@pytest.mark.parametrize("level", [0.0, 0.25, 0.6, 0.95])
def test_the_median_of_most_reports_is_near_the_true_level(
    device: SensorDevice, level: float
) -> None:
    surroundings = Surroundings(level=level, air_c=12.0)
    measured = [
        filling_level(measure(device, number, surroundings)[0].median_mm, device.container)
        for number in range(5_000_000, 5_000_300)
    ]
    near = [one for one in measured if abs(one - level) < 0.03]
    assert len(near) >= 0.97 * len(measured)


@BOTH
def test_spikes_and_missing_echoes_happen_now_and_then(device: SensorDevice) -> None:
    surroundings = Surroundings(level=0.5, air_c=12.0)
    reports = [measure(device, number, surroundings)[0] for number in range(400)]
    samples = [sample for report in reports for sample in report.distances_mm]
    usual = median(samples)
    spikes = sum(abs(sample - usual) > 80 for sample in samples)
    assert 5 <= spikes <= 80
    assert 5 <= 5 * len(reports) - len(samples) <= 80


def test_waste_within_the_dead_zone_comes_out_too_short() -> None:
    near = replace(OWN, container=replace(OWN.container, sensor_above_rim_mm=250.0))
    report, _ = measure(near, 5_000_000, Surroundings(level=1.12, air_c=12.0))
    assert 0 < report.median_mm < near.sensor.dead_zone_mm


def test_without_any_echo_a_report_says_so() -> None:
    full = Surroundings(level=1.1, air_c=12.0)
    reports = [measure(OWN, number, full)[0] for number in range(3_000)]
    assert all(report.distances_mm for report in reports)
    assert any(len(report.distances_mm) < 4 for report in reports)


def test_a_battery_only_runs_down() -> None:
    surroundings = Surroundings(level=0.5, air_c=12.0)
    ratios = [
        measure(OWN, 5_000_000, surroundings, age_s=days * 86_400)[0].battery_ratio
        for days in (0, 100, 400, 5_000)
    ]
    assert ratios == sorted(ratios, reverse=True)
    assert ratios[-1] == 0.0


def test_afternoons_are_warmer_than_early_mornings() -> None:
    for day in range(10):
        dawn_s = START_S + day * 86_400 - 3.5 * 3_600
        assert air_c(7, dawn_s + 12 * 3_600) > air_c(7, dawn_s)


def _published(name: str) -> bytes:
    vectors = json.loads(VECTORS.read_text("utf-8"))["vectors"]
    found = next(vector for vector in vectors if vector["name"] == name)
    return bytes.fromhex(found["payload_hex"])


def test_the_published_report_is_written_byte_for_byte() -> None:
    frame = em400_mud.encode_reading(
        battery_ratio=0.92, temperature_c=25.7, distance_mm=2116, tilted=True
    )
    assert frame == _published("periodic report")
    assert _published("join frame") == em400_mud.JOIN_FRAME


@given(
    percent=st.integers(0, 100),
    tenths=st.integers(-400, 700),
    distance_mm=st.integers(0, 65_535),
    tilted=st.booleans(),
)
def test_the_gateway_reads_what_the_device_wrote(
    *, percent: int, tenths: int, distance_mm: int, tilted: bool
) -> None:
    frame = decode_frame(
        em400_mud.encode_reading(
            battery_ratio=percent / 100,
            temperature_c=tenths / 10,
            distance_mm=distance_mm,
            tilted=tilted,
        )
    )
    assert frame.battery_ratio == percent / 100
    assert frame.temperature_c == tenths / 10
    assert frame.distance_mm == distance_mm
    assert frame.tilted is tilted


def test_a_distance_of_more_than_sixteen_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bits"):
        em400_mud.encode_reading(battery_ratio=1, temperature_c=0, distance_mm=65_536, tilted=False)


def test_an_uplink_leaves_out_zeros_and_writes_nine_digits() -> None:
    raw = encode_uplink(
        Uplink(
            deduplication_id=UUID(int=1),
            received_at=datetime(2026, 3, 2, 22, 30, 1, 5, tzinfo=UTC),
            device_name="fill-001-a",
            dev_eui="24e124713c0010a0",
            f_cnt=0,
            f_port=85,
            payload=b"\x01\x75\x64",
            rssi_dbm=-97,
            snr_db=0.0,
        )
    )
    event = json.loads(raw)
    assert event["time"] == "2026-03-02T22:30:01.000005000+00:00"
    assert "fCnt" not in event
    assert "snr" not in event["rxInfo"][0]
    assert event["fPort"] == 85
    assert event["deviceInfo"]["devEui"] == "24e124713c0010a0"
    assert read_uplink(raw).payload == b"\x01\x75\x64"


def test_own_devices_send_their_samples_and_lorawan_devices_their_median() -> None:
    surroundings = Surroundings(level=0.5, air_c=12.0)
    own, _ = measure(OWN, 5_000_000, surroundings)
    frame = encode(OWN, own, 3)
    assert device_of(frame.topic) == OWN.sensor.device_id
    message = decode_device_message(frame.payload)
    assert message.distances_mm == own.distances_mm
    assert message.device_id == OWN.sensor.device_id

    lorawan, _ = measure(LORAWAN, 5_000_000, surroundings)
    frame = encode(LORAWAN, lorawan, 3)
    assert dev_eui_of_chirpstack(frame.topic) == LORAWAN.sensor.dev_eui
    uplink = read_uplink(frame.payload)
    assert (uplink.dev_eui, uplink.f_cnt) == (LORAWAN.sensor.dev_eui, 3)
    assert decode_frame(uplink.payload).distance_mm == lorawan.median_mm
