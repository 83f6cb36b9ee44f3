"""Where the API listens and under which names it answers."""

import ipaddress
import re
from dataclasses import dataclass

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

_TILE_SOURCE = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)


class UnsafeAddressError(ValueError):
    """The address could be reached from other machines. Choose a loopback address."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the API would listen on {host}: until accounts exist whoever reaches it may do "
            "everything, so it listens on a loopback address only (127.0.0.1), or behind a proxy"
        )
        self.host = host


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The API's own settings.

    ``host_names`` are the names a request's ``Host`` header may carry (without the port): a page
    of a foreign site that points its own name at our address is refused. ``tile_sources`` are the
    hosts the console may load map tiles from, such as ``https://*.example.cn``. Raises
    :class:`UnsafeAddressError` for an address that is not loopback, unless ``behind_proxy``: then
    only a proxy reaches it.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    host_names: frozenset[str] = LOOPBACK_NAMES
    tile_sources: tuple[str, ...] = ()
    behind_proxy: bool = False

    def __post_init__(self) -> None:
        if not self.behind_proxy and not _is_loopback(self.host):
            raise UnsafeAddressError(self.host)
        for source in self.tile_sources:
            if not _TILE_SOURCE.fullmatch(source):
                msg = f"tile_sources: not like https://tiles.example.cn: {source[:80]!r}"
                raise ValueError(msg)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
