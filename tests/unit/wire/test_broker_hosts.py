import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.broker_hosts import BadBrokerHostsError, HostTurns, parse_hosts


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("127.0.0.1", (("127.0.0.1", 1883),)),
        ("a, b:1884,c", (("a", 1883), ("b", 1884), ("c", 1883))),
        ("::1,[::1]:1884,[fe80::1]", (("::1", 1883), ("::1", 1884), ("fe80::1", 1883))),
    ],
)
def test_hosts_stand_with_or_without_a_port_of_their_own(
    text: str, addresses: tuple[tuple[str, int], ...]
) -> None:
    assert parse_hosts(text, 1883).addresses == addresses


def test_each_host_has_its_turn_and_then_the_first_again() -> None:
    hosts = parse_hosts("a,b,c", 1)
    seen = []
    for _ in range(4):
        seen.append(hosts.here[0])
        hosts = hosts.onward()
    assert seen == ["a", "b", "c", "a"]


def test_clients_are_spread_over_the_hosts() -> None:
    hosts, rng = parse_hosts("a,b,c", 1), random.Random(1)
    assert {hosts.begin_anywhere(rng).here[0] for _ in range(50)} == {"a", "b", "c"}
    alone = parse_hosts("a", 1)
    assert alone.begin_anywhere(rng) is alone


@pytest.mark.parametrize("text", ["", "a,,b", "a:b", ":1883"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadBrokerHostsError, match="no HOST or HOST:PORT"):
        parse_hosts(text, 1)


@given(st.integers(2, 4), st.lists(st.sampled_from(["one", "two"]), min_size=1, max_size=30))
def test_two_clients_never_have_the_same_host_and_each_goes_round_the_others(
    hosts: int, who: list[str]
) -> None:
    turns = HostTurns(parse_hosts(",".join("abcd"[:hosts]), 1))
    at: dict[str, tuple[str, int]] = {}
    for client_id in who:
        before = at.get(client_id)
        at[client_id] = turns.next(client_id)
        assert len(set(at.values())) == len(at)
        assert at[client_id] != before or hosts == len(at)


def test_a_client_that_is_alone_has_every_host_in_turn() -> None:
    turns = HostTurns(parse_hosts("a,b,c", 1))
    assert [turns.next("one")[0] for _ in range(4)] == ["a", "b", "c", "a"]
