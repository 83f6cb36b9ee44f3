"""The published vectors, copied with their source to tests/golden/codecs."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.milesight_em400_mud import (
    FIELDS,
    DamagedFrameError,
    Em400Frame,
    decode_frame,
)

VECTORS = json.loads(
    (Path(__file__).parents[2] / "golden" / "codecs" / "milesight-em400-mud.json").read_text(
        encoding="utf-8"
    )
)["vectors"]
FULL = bytes.fromhex("01755C0367010104824408050001")


def named(vector: dict[str, Any]) -> str:
    return str(vector["name"])


def in_their_words(frame: Em400Frame) -> dict[str, object]:
    alarm = {True: "threshold", False: "released", None: None}
    words = {
        "frame_kind": "reading" if frame.is_reading else "device_info",
        "battery_pct": None if frame.battery_ratio is None else round(frame.battery_ratio * 100),
        "temperature_c": frame.temperature_c,
        "temperature_alarm": alarm[frame.temperature_alarm],
        "distance_mm": frame.distance_mm,
        "distance_alarm": alarm[frame.distance_alarm],
        "tilted": frame.tilted,
        "serial_number": frame.serial_number,
        "hardware_version": frame.hardware_version,
        "firmware_version": frame.firmware_version,
    }
    return {word: value for word, value in words.items() if value is not None}


@pytest.mark.parametrize(
    "vector", [each for each in VECTORS if not each.get("expect_error")], ids=named
)
def test_a_published_frame_gives_the_published_values(vector: dict[str, Any]) -> None:
    frame = decode_frame(bytes.fromhex(vector["payload_hex"]))
    assert in_their_words(frame) == vector["expected"]


@pytest.mark.parametrize(
    "vector", [each for each in VECTORS if each.get("expect_error")], ids=named
)
def test_a_damaged_frame_is_an_error_and_never_a_value(vector: dict[str, Any]) -> None:
    with pytest.raises(DamagedFrameError):
        decode_frame(bytes.fromhex(vector["payload_hex"]))


@pytest.mark.parametrize("length", range(len(FULL)))
def test_a_frame_cut_anywhere_gives_whole_fields_or_an_error(length: int) -> None:
    whole_fields = {3, 7, 11}
    if length in whole_fields:
        assert decode_frame(FULL[:length]).tilted is None
    else:
        with pytest.raises(DamagedFrameError):
            decode_frame(FULL[:length])


@pytest.mark.parametrize(
    "payload",
    ["017565", "050002", "84824106 02".replace(" ", ""), "0482440803", "067503", "01755CFE02"],
)
def test_a_value_or_a_field_that_cannot_be_is_an_error(payload: str) -> None:
    with pytest.raises(DamagedFrameError):
        decode_frame(bytes.fromhex(payload))


def test_an_answer_to_a_downlink_says_nothing() -> None:
    assert decode_frame(bytes.fromhex("FE0210000A")) == Em400Frame()
    assert not decode_frame(bytes.fromhex("FF8E001400")).is_reading


def test_a_temperature_may_be_below_zero() -> None:
    assert decode_frame(bytes.fromhex("0367CEFF")).temperature_c == -5.0


@given(st.binary(max_size=60))
def test_any_bytes_are_a_frame_or_damaged(payload: bytes) -> None:
    try:
        frame = decode_frame(payload)
    except DamagedFrameError:
        return
    assert frame.distance_mm is None or 0 <= frame.distance_mm <= 65_535


@given(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=8))
def test_fields_may_come_in_any_order_and_the_last_counts(
    keys: list[tuple[int, int]],
) -> None:
    zero = b"".join(bytes(key) + bytes(FIELDS[key][0]) for key in keys)
    decode_frame(zero)
    frame = decode_frame(zero + bytes.fromhex("04824408"))
    assert frame.distance_mm == 2_116
