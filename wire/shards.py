"""Which shards a worker of ingest has, as people write them: ``0-7``, ``0-7,16``, ``0-7/32``."""

import re
from collections.abc import Sequence

from wire.topics import SHARDS

ALL_SHARDS = tuple(range(SHARDS))

_RANGE = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")


class BadShardsError(ValueError):
    """The text names no set of shards; the message says why."""


def parse_shards(text: str) -> tuple[int, ...]:
    """Return the shards that ``text`` names, ascending.

    The total after ``/`` may be left out; written, it must be the number of shards there are.
    """
    ranges, slash, total = text.replace(" ", "").partition("/")
    if slash and total != str(SHARDS):
        msg = f"{text!r}: there are {SHARDS} shards, so it ends with /{SHARDS} or without a total"
        raise BadShardsError(msg)
    shards: set[int] = set()
    for part in ranges.split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            msg = f"{text!r}: {part!r} is no range of shards such as 0-7 or 16"
            raise BadShardsError(msg)
        first, last = int(found[1]), int(found[2] or found[1])
        if first > last or last >= SHARDS:
            msg = f"{text!r}: {part} is no range within 0-{SHARDS - 1}"
            raise BadShardsError(msg)
        named = set(range(first, last + 1))
        if shards & named:
            msg = f"{text!r}: {format_shards(sorted(shards & named))} is named twice"
            raise BadShardsError(msg)
        shards |= named
    return tuple(sorted(shards))


def format_shards(shards: Sequence[int]) -> str:
    """Return the shortest text that :func:`parse_shards` reads back as these ascending shards."""
    parts = []
    first = last = None
    for shard in shards:
        if last is not None and shard == last + 1:
            last = shard
            continue
        if first is not None:
            parts.append(f"{first}" if first == last else f"{first}-{last}")
        first = last = shard
    if first is not None:
        parts.append(f"{first}" if first == last else f"{first}-{last}")
    return ",".join(parts)
