"""The addresses of one broker: a cluster has several, and a client goes round them."""

import random
import threading
from dataclasses import dataclass


class BadBrokerHostsError(ValueError):
    """The text names no addresses; the message says why."""


@dataclass(frozen=True, slots=True)
class BrokerHosts:
    """Where a client connects, and where next when that fails or ends."""

    addresses: tuple[tuple[str, int], ...]
    turn: int = 0

    @property
    def here(self) -> tuple[str, int]:
        """The host and port whose turn it is."""
        return self.addresses[self.turn]

    def begin_anywhere(self, random_source: random.Random) -> "BrokerHosts":
        """Return the same addresses with the turn of any: clients shall be spread over them."""
        if len(self.addresses) == 1:
            return self
        return BrokerHosts(self.addresses, random_source.randrange(len(self.addresses)))

    def onward(self) -> "BrokerHosts":
        """Return the same addresses with the turn of the next."""
        return BrokerHosts(self.addresses, (self.turn + 1) % len(self.addresses))


class HostTurns:
    """Gives the clients that share it addresses in turn, and never two of them the same.

    There must be at least as many addresses as clients. Any thread may ask.
    """

    def __init__(self, hosts: BrokerHosts) -> None:
        self._hosts = hosts
        self._taken: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def addresses(self) -> int:
        """How many there are."""
        return len(self._hosts.addresses)

    def next(self, client_id: str) -> tuple[str, int]:
        """Return where this client connects now: after its last address the next that is free."""
        with self._lock:
            others = {turn for other, turn in self._taken.items() if other != client_id}
            hosts = self._hosts
            if client_id in self._taken:
                hosts = BrokerHosts(hosts.addresses, self._taken[client_id]).onward()
            while hosts.turn in others:
                hosts = hosts.onward()
            self._taken[client_id] = hosts.turn
            return hosts.here


def parse_hosts(text: str, port: int) -> BrokerHosts:
    """Return the addresses in ``text``: ``HOST`` or ``HOST,HOST:PORT,...``.

    ``port`` is that of hosts without one. An IPv6 address with a port stands in brackets.
    """
    addresses = []
    for part in text.replace(" ", "").split(","):
        host, own_port = part, ""
        if part.startswith("["):
            host, _, own_port = part[1:].partition("]")
            own_port = own_port.removeprefix(":")
        elif part.count(":") == 1:
            host, _, own_port = part.partition(":")
        if not host or (own_port and not own_port.isdecimal()):
            msg = f"{text!r}: {part!r} is no HOST or HOST:PORT"
            raise BadBrokerHostsError(msg)
        addresses.append((host, int(own_port or port)))
    return BrokerHosts(tuple(addresses))
