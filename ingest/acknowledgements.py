"""What the gateways are told after a commit. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from ingest.ports.journal import Uplink
from wire.acks import MAX_ACKED_PICTURES, MAX_MISSING_RANGES, Ack


def acknowledgements(
    uplinks: Iterable[Uplink], pictures: Mapping[str, Sequence[str]]
) -> list[tuple[str, Ack]]:
    """Return gateway ids with their acks: one for each uplink, and for the pictures received.

    ``pictures`` are SHA-256 by gateway id, stored or refused for good.
    """
    acks = []
    for uplink in uplinks:
        through, missing = uplink.progress.acknowledged(MAX_MISSING_RANGES)
        acks.append(
            (uplink.gateway_id, Ack(boot_id=uplink.boot_id, through=through, missing=missing))
        )
    for gateway_id, hashes in pictures.items():
        distinct = list(dict.fromkeys(hashes))
        acks += [
            (gateway_id, Ack(pictures=tuple(distinct[start : start + MAX_ACKED_PICTURES])))
            for start in range(0, len(distinct), MAX_ACKED_PICTURES)
        ]
    return acks
