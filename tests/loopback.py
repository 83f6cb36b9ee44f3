"""HTTP to servers of ours on loopback, which are asked many times while a test waits.

``httpx.get`` loads every certificate authority anew: 23 ms of CPU a call, here for nothing.
"""

from collections.abc import Mapping, Sequence

import httpx


def get(
    url: str,
    *,
    params: Mapping[str, str | int | Sequence[str]] | None = None,
    timeout_s: float = 5.0,
) -> httpx.Response:
    """Return the answer; raise ``httpx.HTTPError``."""
    return httpx.get(
        url,
        params=params,
        timeout=timeout_s,
        verify=False,  # noqa: S501  no TLS on loopback
        trust_env=False,
    )
