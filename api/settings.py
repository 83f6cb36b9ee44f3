"""Where the API listens and under which names it answers."""

import ipaddress
from dataclasses import dataclass

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class UnsafeAddressError(ValueError):
    """The address could be reached from other machines. Choose a loopback address."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the API would listen on {host}: until accounts exist whoever reaches it may do "
            "everything, so it listens on a loopback address only (127.0.0.1)"
        )
        self.host = host


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """The API's own settings.

    ``host_names`` are the names a request's ``Host`` header may carry (without the port): a page
    of a foreign site that points its own name at our address is refused. Raises
    :class:`UnsafeAddressError` for an address that is not loopback.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    host_names: frozenset[str] = LOOPBACK_NAMES

    def __post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise UnsafeAddressError(self.host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
