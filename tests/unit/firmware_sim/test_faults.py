import json
from dataclasses import replace
from pathlib import Path

import pytest

from domain.devices import SensorModel
from firmware_sim.faults import Delivery, FaultPlan, deliveries
from firmware_sim.scenario import (
    SCENARIOS,
    BadScenarioError,
    Fault,
    FaultKind,
    Scenario,
    load_scenario,
)
from firmware_sim.seconds import seconds_of
from firmware_sim.sensors import (
    NO_ECHO_MM,
    SensorDevice,
    Surroundings,
    first_number,
    measure,
    sensor_device,
)
from gateway.chirpstack import read_uplink
from gateway.codecs.milesight_em400_mud import DamagedFrameError, decode_frame
from tests.fakes.simulated_district import FIRST_MORNING, district
from wire.device_messages import decode_device_message
from wire.errors import UnreadablePayloadError
from wire.topics import dev_eui_of_chirpstack, device_of

REGISTRY = district().registry
START_S = seconds_of(FIRST_MORNING)
STUCK = (777, 777, 777)


def _device(model: SensorModel) -> SensorDevice:
    sensor = next(one for one in REGISTRY.sensors.values() if one.model is model)
    return sensor_device(sensor, REGISTRY.containers[sensor.container_id], seed=7)


OWN, LORAWAN = _device(SensorModel.HUANWEI_JSON), _device(SensorModel.MILESIGHT_EM400_MUD)


def _sent(device: SensorDevice, *faults: Fault, reports: int = 1) -> list[Delivery]:
    scenario = Scenario(schema=1, name="test", faults=faults)
    plan = FaultPlan(scenario, seed=7, started_s=START_S)
    first = first_number(device, START_S)
    sent: list[Delivery] = []
    for number in range(first, first + reports):
        report, _ = measure(device, number, Surroundings(level=0.5, air_c=12.0))
        acting = plan.acting(device, number, report.at_s)
        sent += deliveries(
            device,
            report,
            acting,
            frame_count=plan.frame_count(device, number),
            stuck_distances=lambda: STUCK,
        )
    return sent


def _payload(delivery: Delivery) -> bytes:
    assert delivery.frame is not None
    return delivery.frame.payload


@pytest.mark.parametrize("device", [OWN, LORAWAN])
def test_without_faults_every_report_goes_out_once_and_at_once(device: SensorDevice) -> None:
    sent = _sent(device, reports=20)
    assert [one.at_s for one in sent] == [one.measurement.at_s for one in sent]
    assert all(one.frame and not one.faults for one in sent)


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.SILENT])
def test_lost_reports_are_withheld_and_still_told(kind: FaultKind) -> None:
    (delivery,) = _sent(OWN, Fault(kind=kind))
    assert delivery.frame is None
    assert delivery.faults == (kind,)


@pytest.mark.parametrize("device", [OWN, LORAWAN])
def test_a_duplicate_is_the_same_bytes_again(device: SensorDevice) -> None:
    first, second = _sent(device, Fault(kind=FaultKind.DUPLICATED))
    assert _payload(first) == _payload(second)
    assert second.at_s > first.at_s
    assert (first.copy, second.copy) == (0, 1)


def test_a_delayed_report_tells_its_own_time_later() -> None:
    (delivery,) = _sent(OWN, Fault(kind=FaultKind.DELAYED, delay_s=1_200))
    assert delivery.at_s == pytest.approx(delivery.measurement.at_s + 1_200)
    message = decode_device_message(_payload(delivery))
    assert message.observed_at.timestamp() == pytest.approx(delivery.measurement.at_s)


def test_a_reordered_report_comes_behind_the_next_one() -> None:
    ordered = _sent(OWN, reports=2)
    late = _sent(OWN, Fault(kind=FaultKind.REORDERED, until_min=6), reports=1)
    assert late[0].at_s > ordered[1].at_s


def test_a_retained_report_comes_again_much_later() -> None:
    first, old = _sent(OWN, Fault(kind=FaultKind.RETAINED, delay_s=7_200))
    assert _payload(old) == _payload(first)
    assert old.at_s == pytest.approx(first.at_s + 7_200)


def test_a_skewed_clock_shows_in_what_the_device_tells() -> None:
    (delivery,) = _sent(OWN, Fault(kind=FaultKind.CLOCK_SKEW, skew_s=7_200))
    told = decode_device_message(_payload(delivery)).observed_at.timestamp()
    assert told == pytest.approx(delivery.measurement.at_s + 7_200)
    assert delivery.at_s == delivery.measurement.at_s


def test_the_network_server_stamps_a_lorawan_device_with_a_wrong_clock() -> None:
    (delivery,) = _sent(LORAWAN, Fault(kind=FaultKind.CLOCK_SKEW, skew_s=7_200))
    told = read_uplink(_payload(delivery)).received_at.timestamp()
    assert told == pytest.approx(delivery.measurement.at_s, abs=1)


def test_a_stuck_sensor_tells_old_distances() -> None:
    (delivery,) = _sent(OWN, Fault(kind=FaultKind.STUCK))
    assert decode_device_message(_payload(delivery)).distances_mm == STUCK


def test_a_spike_fools_all_samples_of_a_report() -> None:
    (good,), (wrong,) = _sent(OWN), _sent(OWN, Fault(kind=FaultKind.SPIKE))
    off_mm = abs(wrong.measurement.median_mm - good.measurement.median_mm)
    assert off_mm > 50
    spread = max(wrong.measurement.distances_mm) - min(wrong.measurement.distances_mm)
    assert spread < 30


@pytest.mark.parametrize("device", [OWN, LORAWAN])
def test_a_sentinel_is_no_distance(device: SensorDevice) -> None:
    (delivery,) = _sent(device, Fault(kind=FaultKind.SENTINEL))
    assert delivery.measurement.distances_mm == (NO_ECHO_MM,)


def test_a_restarted_lorawan_device_joins_and_counts_anew() -> None:
    sent = _sent(LORAWAN, Fault(kind=FaultKind.REBOOT, from_min=12), reports=6)
    uplinks = [read_uplink(_payload(one)) for one in sent]
    joins = [uplink for uplink in uplinks if not decode_frame(uplink.payload).is_reading]
    readings = [uplink.f_cnt for uplink in uplinks if decode_frame(uplink.payload).is_reading]
    assert len(joins) == 1
    assert readings.count(0) == 2
    restart = readings.index(0, 1)
    assert readings == [*range(restart), *range(6 - restart)]


def test_a_restarted_device_of_ours_first_tells_a_time_in_1970() -> None:
    sent = _sent(OWN, Fault(kind=FaultKind.REBOOT, from_min=12), reports=6)
    years = [decode_device_message(_payload(one)).observed_at.year for one in sent]
    assert sorted(years) == [1970, 2026, 2026, 2026, 2026, 2026]
    assert years[0] == 2026


def test_a_cut_payload_cannot_be_read() -> None:
    (own,) = _sent(OWN, Fault(kind=FaultKind.TRUNCATED))
    with pytest.raises(UnreadablePayloadError):
        decode_device_message(_payload(own))
    (lorawan,) = _sent(LORAWAN, Fault(kind=FaultKind.TRUNCATED))
    with pytest.raises(DamagedFrameError):
        decode_frame(read_uplink(_payload(lorawan)).payload)


def test_a_stranger_is_in_no_registry() -> None:
    (own,), (lorawan,) = (
        _sent(device, Fault(kind=FaultKind.UNKNOWN_DEVICE)) for device in (OWN, LORAWAN)
    )
    assert own.frame
    assert lorawan.frame
    assert device_of(own.frame.topic) == decode_device_message(own.frame.payload).device_id
    assert device_of(own.frame.topic) not in REGISTRY.sensors
    assert dev_eui_of_chirpstack(lorawan.frame.topic) not in REGISTRY.sensor_by_dev_eui


def test_a_wrong_id_differs_from_its_topic() -> None:
    (delivery,) = _sent(OWN, Fault(kind=FaultKind.WRONG_ID))
    assert delivery.frame
    assert device_of(delivery.frame.topic) == OWN.sensor.device_id
    assert json.loads(delivery.frame.payload)["device_id"] != OWN.sensor.device_id


def test_a_fault_keeps_to_its_window_and_its_devices() -> None:
    fault = Fault(kind=FaultKind.SILENT, from_min=10, until_min=20, devices=(OWN.sensor.device_id,))
    sent = _sent(OWN, fault, reports=12)
    withheld = [one.at_s - START_S for one in sent if one.frame is None]
    assert len(withheld) == 2
    assert all(600 <= after_s < 1_200 for after_s in withheld)
    assert all(one.frame for one in _sent(LORAWAN, fault, reports=12))


def test_ratio_and_share_befall_about_so_many() -> None:
    lost = _sent(OWN, Fault(kind=FaultKind.LOST, ratio=0.3), reports=400)
    assert 90 <= sum(one.frame is None for one in lost) <= 150
    devices = [
        replace(OWN, sensor=replace(OWN.sensor, device_id=f"fill-{index:03d}"))
        for index in range(200)
    ]
    hit = [_sent(one, Fault(kind=FaultKind.LOST, share=0.25))[0].frame is None for one in devices]
    assert 30 <= sum(hit) <= 70


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_scenario_of_ours_can_be_read(path: Path) -> None:
    assert load_scenario(path, known_devices=tuple(REGISTRY.sensors)).name == path.stem


def test_one_scenario_has_every_fault() -> None:
    scenario = load_scenario(SCENARIOS / "everything_fails.toml")
    assert {fault.kind for fault in scenario.faults} == set(FaultKind)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("schema = 1\nname = 'x'\nfualts = []", "fualts"),
        ("schema = 2\nname = 'x'", "schema 2"),
        ("schema = 1", "name"),
        ("schema = 1\nname = 'x'\n[[faults]]\nkind = 'lots'", "lots"),
        ("schema = 1\nname = 'x'\n[[faults]]\nkind = 'lost'\nratoi = 1", "ratoi"),
        ("schema = 1\nname = 'x'\n[[faults]]\nkind = 'lost'\nratio = 2.0", "ratio"),
        ("schema = 1\nname = 'x'\n[[faults]]\nkind = 'lost'\nfrom_min = 9\nuntil_min = 3", "from"),
        ("schema = 1\nname = 'x'\n[[faults]]\nkind = 'delayed'\ndelay_s = nan", "delay_s"),
        ("schema = 1\nname = 'x'\n[[faults]]\nkind = 'lost'\ndevices = ['fill-9']", "fill-9"),
        ("not toml", "wrong.toml"),
    ],
)
def test_a_scenario_with_a_mistake_is_refused_by_name(
    text: str, named: str, tmp_path: Path
) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadScenarioError, match=named) as caught:
        load_scenario(path, known_devices=tuple(REGISTRY.sensors))
    assert str(path) in str(caught.value)
