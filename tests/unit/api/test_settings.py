"""Until accounts exist the API is for this machine alone."""

import pytest

from api.settings import ApiSettings, UnsafeAddressError


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_addresses_are_taken(host: str) -> None:
    assert ApiSettings(host=host).host == host


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.168.1.5", "localhost", "example.cn", "", "127.0.0.1.evil"],  # noqa: S104  the address that must be refused
)
def test_every_other_address_is_refused_with_the_reason(host: str) -> None:
    with pytest.raises(UnsafeAddressError, match="until accounts exist"):
        ApiSettings(host=host)


@pytest.mark.parametrize(
    "source",
    ["https://a.cn; script-src *", "*", "https://a.cn 'unsafe-inline'", "javascript:", "data:"],
)
def test_a_tile_source_cannot_loosen_the_policy(source: str) -> None:
    with pytest.raises(ValueError, match="tile_sources"):
        ApiSettings(tile_sources=(source,))


def test_tile_hosts_are_taken_with_and_without_wildcard() -> None:
    sources = ("https://t0.tianditu.gov.cn", "https://*.example.cn", "http://127.0.0.1:8090")
    assert ApiSettings(tile_sources=sources).tile_sources == sources
