"""The MQTT topics: how they are made, and the ids read back from them.

A topic level is never trusted: parsing checks each id, and the shard against its gateway.
"""

import zlib
from functools import lru_cache

from domain.checks import DEV_EUI_PATTERN, ID_PATTERN

SHARDS = 32
"""Uplink topics are spread over this many levels, so that several ingest workers can share them."""

UP_FILTER = "huanwei/v1/up/+/+"
PICTURE_FILTER = "huanwei/v1/picture/+/+"
DEVICE_FILTER = "huanwei/v1/dev/+/up"
CHIRPSTACK_FILTER = "application/+/device/+/event/up"

_ROOT = ("huanwei", "v1")
_PROBE_PREFIX = "PROBE-"  # in capitals, so it can be nobody's id


def shard_of(gateway_id: str) -> int:
    """Return the shard (0 to 31) of a gateway; it never changes."""
    return zlib.crc32(gateway_id.encode("ascii")) % SHARDS


def up_topic(gateway_id: str) -> str:
    """Return where a gateway sends its batches of records."""
    return f"huanwei/v1/up/{shard_of(gateway_id)}/{gateway_id}"


def up_filter(shard: int) -> str:
    """Return what to subscribe to for the batches of one shard."""
    return f"huanwei/v1/up/{shard}/+"


def picture_filter(shard: int) -> str:
    """Return what to subscribe to for the pictures of one shard."""
    return f"huanwei/v1/picture/{shard}/+"


def picture_topic(gateway_id: str) -> str:
    """Return where a gateway sends its pictures, one a message."""
    return f"huanwei/v1/picture/{shard_of(gateway_id)}/{gateway_id}"


def ack_topic(gateway_id: str) -> str:
    """Return where ingest tells a gateway what it has committed."""
    return f"huanwei/v1/ack/{gateway_id}"


def hello_topic(shard: int) -> str:
    """Return where ingest says, after its start, that the gateways of a shard shall send again."""
    return f"huanwei/v1/hello/{shard}"


def device_topic(device_id: str) -> str:
    """Return where a device of ours sends its measurements."""
    return f"huanwei/v1/dev/{device_id}/up"


def chirpstack_topic(application_id: str, dev_eui: str) -> str:
    """Return where a ChirpStack v4 server publishes the uplinks of a device."""
    return f"application/{application_id}/device/{dev_eui}/event/up"


def device_probe_topic(gateway_id: str) -> str:
    """Return where a gateway sends itself a probe that its device filter must bring back."""
    return device_topic(_PROBE_PREFIX + gateway_id)


def chirpstack_probe_topic(gateway_id: str) -> str:
    """Return the probe topic of the gateway's ChirpStack filter."""
    return chirpstack_topic(_PROBE_PREFIX + gateway_id, _PROBE_PREFIX + gateway_id)


def probe_topics(gateway_id: str) -> tuple[str, str]:
    """Return every topic that a gateway sends probes to, for the broker's permissions."""
    return device_probe_topic(gateway_id), chirpstack_probe_topic(gateway_id)


def is_probe(topic: str) -> bool:
    """Say whether a message on the device door is some gateway's probe, not a device's."""
    return _PROBE_PREFIX in topic


@lru_cache(maxsize=1_024)  # asked for every message, of few gateways
def gateway_of_up(topic: str) -> str | None:
    """Return the gateway whose batch topic this is; None for any other topic."""
    return _sharded_gateway(topic, "up")


def gateway_of_picture(topic: str) -> str | None:
    """Return the gateway whose picture topic this is; None for any other topic."""
    return _sharded_gateway(topic, "picture")


def device_of(topic: str) -> str | None:
    """Return the device id of a message on :data:`DEVICE_FILTER`; None where it is no id."""
    match topic.split("/"):
        case [*root, "dev", device_id, "up"] if tuple(root) == _ROOT:
            return _id_or_none(device_id)
        case _:
            return None


def dev_eui_of_chirpstack(topic: str) -> str | None:
    """Return the DevEUI of a ChirpStack uplink; None for other events and other topics."""
    match topic.split("/"):
        case ["application", application_id, "device", dev_eui, "event", "up"]:
            known = application_id and DEV_EUI_PATTERN.fullmatch(dev_eui)
            return dev_eui if known else None
        case _:
            return None


def _sharded_gateway(topic: str, name: str) -> str | None:
    match topic.split("/"):
        case [*root, level, shard, gateway_id] if tuple(root) == _ROOT and level == name:
            known = _id_or_none(gateway_id)
            return known if known and shard == str(shard_of(known)) else None
        case _:
            return None


def _id_or_none(value: str) -> str | None:
    return value if ID_PATTERN.fullmatch(value) else None
