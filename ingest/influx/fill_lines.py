"""Fill readings in line protocol, a whole page at once.

Printing numbers is most of a line's cost, and msgspec prints those of a page in one call: of each
reading how its line begins, its delay, its values as JSON, and its time. What is between them and
JSON's own characters then become those of line protocol. Nothing else can be mistaken for them: a
reading has numbers, flags and one word, and ids hold none of these characters.
"""

from collections.abc import Sequence
from itertools import chain
from typing import cast

from msgspec import Raw, json

from domain.devices import Device
from domain.records import MeasurementQuality
from wire.records import FillBody, RecordBody

Heads = dict[str, Raw]
"""How the lines of each device's readings begin."""

_ENCODER = json.Encoder()

_TO_LINES, _NOT_IN_LINES = bytes.maketrans(b":};", b"= \n"), b'"\n'
"""Heads begin with ";": the encoder ends all that it prints with a newline of its own."""

FEW = 500
"""So few readings stay in the cache, and their text below 128 KiB: what is larger the allocator may
give back each time.
"""

_QUALITIES = {
    quality: (
        f"{{kind=fill,measurement_quality={quality}".encode(),
        f',measurement_quality="{quality}"'.encode(),
    )
    for quality in MeasurementQuality
}
_COVER_OPEN, _OUT_OF_POSITION = (
    {
        False: (f"{flag}=false".encode(), f"{flag}=0".encode()),
        True: (f"{flag}=true".encode(), f"{flag}=1".encode()),
    }
    for flag in ("cover_open", "out_of_position")
)


def head_of(device: Device) -> Raw:
    """Return how the lines of that device's readings begin."""
    tags = f"device_id={device.device_id},place_id={device.place_id}"
    return Raw(f";fill,{tags} gateway_delay_s=".encode())


def are_fills(records: Sequence[RecordBody]) -> bool:
    """Tell whether all of these are readings."""
    kinds = {type(record.values) for record in records}
    return all(issubclass(kind, FillBody) for kind in kinds)


def fill_lines(records: Sequence[RecordBody], observed_us: Sequence[int], heads: Heads) -> bytes:
    """Return the lines of records that are readings, with newlines between them.

    ``observed_us`` has the time of each, ``heads`` the device of each. Many are better told
    :data:`FEW` at once.
    """
    values = cast("list[FillBody]", [record.values for record in records])
    begins = [heads[record.device_id] for record in records]
    delays_s = [(record.gateway_at - record.observed_at).total_seconds() for record in records]
    at_ns = [at_us * 1000 for at_us in observed_us]
    printed = list(chain.from_iterable(zip(begins, delays_s, values, at_ns, strict=True)))
    text = _ENCODER.encode_lines(printed).translate(_TO_LINES, _NOT_IN_LINES)
    for as_json, as_field in _told(values):
        text = as_field.join(text.split(as_json))  # replace() would search twice
    return text[1:]


def _told(values: Sequence[FillBody]) -> list[tuple[bytes, bytes]]:
    """Return the words and flags that occur: looking for the others costs a pass each."""
    qualities = {told.measurement_quality for told in values}
    covers = {told.cover_open for told in values} - {None}
    positions = {told.out_of_position for told in values} - {None}
    return [
        *(_QUALITIES[quality] for quality in qualities),
        *(_COVER_OPEN[flag] for flag in covers if flag is not None),
        *(_OUT_OF_POSITION[flag] for flag in positions if flag is not None),
    ]
