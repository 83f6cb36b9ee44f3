"""Which addresses a web hook may have: whoever writes the registry must not reach our own network.

A name is looked up once, every address of it is checked, and the connection goes to the address
that was checked: a name that answers otherwise the second time gains nothing.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to addresses; raises ``OSError`` where there are none."""

_CARRIES_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("2002::/16"), IPv6Network("2001::/32"))
"""Translated or tunnelled: they lead to an IPv4 address that nobody has checked."""


class ForbiddenAddressError(Exception):
    """The web hook lies in a network that is not the public one and not allowed by a setting."""


def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host by the system's resolver; raise ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class AddressGuard:
    """Lets public addresses pass, and those of ``allowed_networks`` (``10.0.0.0/8``).

    Raises ``ValueError`` for what is no network.
    """

    def __init__(self, allowed_networks: Sequence[str], resolve: Resolve = look_up) -> None:
        self._allowed = [ip_network(network) for network in allowed_networks]
        self._resolve = resolve

    def checked(self, host: str, port: int) -> str:
        """Return the address to connect to.

        Raises :class:`ForbiddenAddressError`, or ``OSError`` when the name cannot be looked up.
        """
        addresses = self._resolve(host, port)
        if not addresses or not all(self._may_be_reached(address) for address in addresses):
            raise ForbiddenAddressError(host)
        return addresses[0]

    def _may_be_reached(self, text: str) -> bool:
        try:
            address: IPv4Address | IPv6Address = ip_address(text)
        except ValueError:
            return False
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or address
        if any(address in network for network in self._allowed):
            return True
        if isinstance(address, IPv6Address) and any(address in n for n in _CARRIES_IPV4):
            return False
        return address.is_global and not address.is_multicast
