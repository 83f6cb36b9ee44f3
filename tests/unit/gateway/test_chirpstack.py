import base64
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.chirpstack import MAX_ENVELOPE_BYTES, read_uplink
from gateway.errors import RefusedMessageError
from tests.fakes.manual_clock import START
from tests.gateway_material import DEV_EUI, uplink_payload
from wire.errors import UnreadablePayloadError
from wire.topics import dev_eui_of_chirpstack

CASES = json.loads(
    (Path(__file__).parents[2] / "golden" / "codecs" / "chirpstack-uplinks.json").read_text(
        encoding="utf-8"
    )
)["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_known_envelope_gives_the_known_uplink(case: dict[str, Any]) -> None:
    expected = case["expected"]
    dev_eui = dev_eui_of_chirpstack(case["topic"])
    if expected["action"] == "ignore":
        assert dev_eui is None
        return
    uplink = read_uplink(json.dumps(case["message"]).encode())
    assert uplink.dev_eui == dev_eui == expected["dev_eui"]
    assert (uplink.f_port, uplink.f_cnt) == (expected["f_port"], expected["f_cnt"])
    assert uplink.payload.hex().upper() == expected["payload_hex"]
    assert uplink.received_at.isoformat(timespec="microseconds") == expected["received_at"].replace(
        "Z", "+00:00"
    )
    assert uplink.best_rssi_dbm == expected["best_rssi_dbm"]


def test_members_that_are_zero_are_left_out_by_the_server() -> None:
    message = json.loads(uplink_payload(DEV_EUI, START, 500))
    for member in ("fPort", "fCnt", "data", "rxInfo"):
        del message[member]
    uplink = read_uplink(json.dumps(message).encode())
    assert (uplink.f_port, uplink.f_cnt, uplink.payload) == (0, 0, b"")
    assert uplink.best_rssi_dbm is None


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2026-03-01T08:15:30Z", 0),
        ("2026-03-01T08:15:30.5Z", 500_000),
        ("2026-03-01T08:15:30.999999999+00:00", 999_999),
        ("2026-03-01T16:15:30.123456789+08:00", 123_456),
    ],
)
def test_a_fraction_is_cut_and_not_rounded(text: str, microsecond: int) -> None:
    received_at = read_uplink(uplink_payload(DEV_EUI, START, 500, time=text)).received_at
    assert (received_at.hour, received_at.second, received_at.microsecond) == (8, 30, microsecond)


def test_the_servers_own_decoding_is_not_looked_at() -> None:
    plain = read_uplink(uplink_payload(DEV_EUI, START, 500))
    assert read_uplink(uplink_payload(DEV_EUI, START, 500, object={"distance": 7})) == plain


@pytest.mark.parametrize(
    "changes",
    [
        {"time": "yesterday"},
        {"time": "2026-02-30T00:00:00Z"},
        {"time": "0001-01-01T00:00:00+08:00"},
        {"time": "2026-03-01T08:15:30"},
        {"time": "2026-03-01T08:15:30.1234567890Z"},
        {"deviceInfo": {"devEui": "xyz"}},
        {"deviceInfo": {"devEui": "24e124713b492715/../x"}},
        {"data": "not base64!"},
        {"data": "AAA"},
        {"data": base64.b64encode(bytes(256)).decode()},
    ],
)
def test_wrong_values_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RefusedMessageError):
        read_uplink(uplink_payload(DEV_EUI, START, 500, **changes))


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x0a\x24protobuf",
        b"[]",
        b"{}",
        b" " * (MAX_ENVELOPE_BYTES + 1),
        uplink_payload(DEV_EUI, START, 500, fPort=256),
        uplink_payload(DEV_EUI, START, 500, fCnt=-1),
        uplink_payload(DEV_EUI, START, 500, fPort="85"),
        uplink_payload(DEV_EUI, START, 500, fPort=True),
        uplink_payload(DEV_EUI, START, 500, data=None),
        uplink_payload(DEV_EUI, START, 500, rxInfo=[{"rssi": "strong"}]),
        b'{"object":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    ],
)
def test_what_is_no_uplink_is_unreadable(message: bytes) -> None:
    with pytest.raises(UnreadablePayloadError):
        read_uplink(message)
