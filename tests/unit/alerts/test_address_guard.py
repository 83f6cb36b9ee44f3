"""A web hook reaches the public network, and of others only what a setting allows."""

from collections.abc import Sequence

import pytest

from alerts.notifiers.address_guard import AddressGuard, ForbiddenAddressError, look_up


def guard(*addresses: str, allowed: Sequence[str] = ()) -> AddressGuard:
    return AddressGuard(allowed, resolve=lambda _host, _port: addresses)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_pass(address: str) -> None:
    assert guard(address).checked("robot.example", 443) == address


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  an address to refuse
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "no address",
    ],
)
def test_our_own_networks_are_refused(address: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        guard(address).checked("robot.example", 443)
    with pytest.raises(ForbiddenAddressError):
        guard("8.8.8.8", address).checked("robot.example", 443)


def test_a_setting_allows_a_network_and_no_other() -> None:
    allowed = ["127.0.0.0/8", "fd00::/8"]
    for address in ("127.0.0.1", "fd00::7", "::ffff:127.0.0.1"):
        assert guard(address, allowed=allowed).checked("phone", 80) == address
    with pytest.raises(ForbiddenAddressError):
        guard("10.0.0.1", allowed=allowed).checked("phone", 80)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost"])
def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    with pytest.raises((ForbiddenAddressError, OSError)):
        AddressGuard([], resolve=look_up).checked(host, 80)
