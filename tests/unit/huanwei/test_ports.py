"""Runs that nobody sets up find free ports for their probes; who holds a port is told by name."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from huanwei.new_run import write_settings
from huanwei.ports import (
    PortTakenError,
    check_ports,
    free_health_ports,
    holder_of,
    is_free,
    option_of,
    usual_health_ports,
)
from huanwei.run_plan import PortUse, health_ports_of, ports_of
from huanwei.settings import load_settings
from tests.servers import free_ports

LOOPBACK = "127.0.0.1"


@contextmanager
def held(port: int) -> Iterator[None]:
    with socket.socket() as server:
        server.bind((LOOPBACK, port))
        server.listen()
        yield


def test_the_usual_ports_are_kept_where_they_are_free() -> None:
    edge, ingest, other = free_ports(3)
    usual = {"edge.health_port": edge, "ingest.health_port": ingest}
    assert free_health_ports(usual, besides=(), others=(other,)) == usual


def test_a_port_that_is_held_is_replaced_by_a_free_one_and_none_is_given_twice() -> None:
    edge, ingest, centre, first, second, third, fourth = free_ports(7)
    usual = {"edge": edge, "ingest": ingest, "centre": centre}
    with held(edge), held(second):
        found = free_health_ports(
            usual, besides={ingest, first}, others=(first, second, third, fourth)
        )
    assert found == {"edge": third, "ingest": fourth, "centre": centre}


def test_a_spare_port_is_none_of_the_usual_ones() -> None:
    edge, ingest, other = free_ports(3)
    usual = {"edge": edge, "ingest": ingest}
    with held(ingest):
        found = free_health_ports(usual, besides=(), others=(edge, ingest, other))
    assert found == {"edge": edge, "ingest": other}


def test_where_none_is_to_be_had_the_usual_one_stays_for_the_check_to_name() -> None:
    edge, other = free_ports(2)
    with held(edge), held(other):
        assert free_health_ports({"edge": edge}, besides=(), others=(other,)) == {"edge": edge}


def test_runs_of_different_brokers_do_not_even_try_for_the_same_ports() -> None:
    one, other = usual_health_ports(18_830), usual_health_ports(18_850)
    assert sorted(one.values()) == [18_841, 18_842, 18_843, 18_844, 18_845]
    assert not set(one.values()) & set(other.values())


def test_a_port_beyond_the_last_one_is_not_free() -> None:
    assert not is_free(LOOPBACK, 65_536)
    usual = usual_health_ports(65_530)
    assert max(free_health_ports(usual, besides=()).values()) <= 65_535


def test_the_ports_found_are_those_of_the_new_run(tmp_path: Path) -> None:
    names = ("edge", "ingest", "centre", "simulator")
    ports = {f"{name}.health_port": 18_861 + number for number, name in enumerate(names)}
    ports["centre.alerts_health_port"] = 18_870
    path = write_settings(
        tmp_path / "run", gateway_id="gw-one", simulator_port=18_010, health_ports=ports
    )
    found = health_ports_of(load_settings(path))
    assert found == {
        "edge": 18_861,
        "ingest": 18_862,
        "centre": 18_863,
        "api": 18_863,
        "alerts": 18_870,
        "sim": 18_864,
    }


def test_a_port_that_is_taken_is_told_with_its_holder_and_what_changes_it(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path / "run", gateway_id="gw-one"))
    (port,) = free_ports(1)
    use = PortUse(setting="centre.port", host=LOOPBACK, port=port)
    with held(port), pytest.raises(PortTakenError) as taken:
        check_ports(settings, (use,), named=option_of)
    told = re.escape(f"port {port} on {LOOPBACK} is taken by process {os.getpid()}, ")
    assert re.search(rf"^{told}.+ \(--console-port\)$", str(taken.value), re.MULTILINE)


def test_every_port_of_a_new_simulated_run_has_an_option_or_is_found(tmp_path: Path) -> None:
    path = write_settings(tmp_path / "run", gateway_id="gw-one", simulator_port=18_010)
    names = [option_of(use.setting) for use in ports_of(load_settings(path))]
    assert all(name.startswith("--") or "start again" in name for name in names)


def test_the_holder_is_another_process_and_only_one_of_ours_is_told_with_its_call() -> None:
    listens = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); "
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    calls = (
        (("--password=x",), False),
        (("postgresql://huanwei:secret@127.0.0.1/huanwei-2",), False),
        (("huanwei.role", "edge"), True),
    )
    for words, told in calls:
        command = (sys.executable, "-S", "-c", listens, *words)
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            port = int(child.stdout.readline())
            holder = holder_of(port)
            child.communicate()
        assert holder is not None
        assert holder.startswith(f"process {child.pid}, ")
        assert (words[-1] in holder) is told


def test_nobody_holds_a_free_port() -> None:
    (port,) = free_ports(1)
    assert is_free(LOOPBACK, port)
    assert holder_of(port) is None
