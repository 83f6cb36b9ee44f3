"""docker-compose.cluster.yml beside docker-compose.yml; Docker itself is not needed."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from huanwei.broker.nats_server import find_nats_server
from huanwei.compose_secrets import SECRET_NAMES, compose_secrets
from huanwei.settings import load_settings
from tests.fakes.compose_file import Service, filled_in, read_compose, variables_of
from wire.broker_hosts import parse_hosts
from wire.shards import ALL_SHARDS, parse_shards

ROOT = Path(__file__).parents[3]
PATH = ROOT / "docker-compose.cluster.yml"
PLAIN, CLUSTER = read_compose(ROOT / "docker-compose.yml"), read_compose(PATH)
NEW = {name: each for name, each in CLUSTER.services.items() if name not in PLAIN.services}
NODES = {name: each for name, each in CLUSTER.services.items() if name.startswith("nats")}
WORKERS = {name: each for name, each in CLUSTER.services.items() if name.startswith("ingest")}
SECRETS = dict(
    line.split("=", 1) for line in compose_secrets("").splitlines() if not line.startswith("#")
)

each_new = pytest.mark.parametrize("name", NEW)


def twin_of(name: str) -> Service:
    """Return the service of the plain file that does the same."""
    return PLAIN.services[name.partition("-")[0]]


@each_new
def test_a_further_process_is_bound_like_the_one_of_the_plain_file(name: str) -> None:
    twin, new = twin_of(name), NEW[name]
    for field in (
        *("image", "profiles", "user", "read_only", "cap_drop", "security_opt", "tmpfs", "logging"),
        *("restart", "mem_limit", "cpus", "pids_limit", "stop_grace_period"),
    ):
        assert getattr(new, field) == getattr(twin, field), field
    assert set(new.networks) == set(twin.networks)
    assert new.healthcheck is not None
    shared = set(twin.environment) & set(new.environment)
    for key in shared - {"HUANWEI_NATS_NAME"}:
        assert new.environment[key] == twin.environment[key], key


@each_new
def test_what_a_further_process_mounts_and_waits_for_is_there(name: str) -> None:
    for volume in NEW[name].volumes:
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        if source.startswith("./"):
            assert (ROOT / source).exists()
            assert mode == ["ro"]
        else:
            assert source in {**PLAIN.volumes, **CLUSTER.volumes}
    assert set(NEW[name].depends_on) <= set(PLAIN.services)
    for port in NEW[name].ports:
        assert filled_in(port, {}).startswith("127.0.0.1:")


def test_the_workers_have_every_shard_and_each_has_a_stand_by() -> None:
    shards = [parse_shards(each.environment["HUANWEI_INGEST__SHARDS"]) for each in WORKERS.values()]
    assert sorted(shard for some in shards for shard in some) == sorted(2 * ALL_SHARDS)
    assert len(set(shards)) == 2
    for name, each in WORKERS.items():
        if name.endswith("stand-by"):
            assert each.healthcheck is not None
            assert each.healthcheck.test[-1].endswith("/healthz"), "it is not ready, and well"


@pytest.mark.parametrize("name", [*WORKERS, "edge"])
def test_every_client_knows_every_node(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = PLAIN.services[name].environment if name in PLAIN.services else {}
    for key, value in {**plain, **CLUSTER.services[name].environment}.items():
        monkeypatch.setenv(key, filled_in(value, SECRETS))
    monkeypatch.setenv("HUANWEI_SECRETS_FILE", str(tmp_path / "none.toml"))

    settings = load_settings(ROOT / "deploy" / "compose" / "huanwei.toml")

    hosts = parse_hosts(settings.broker.host, settings.broker.mqtt_port).addresses
    assert [host for host, _ in hosts] == list(NODES)
    assert (settings.postgres is None) == (name == "edge")


def test_every_secret_is_made_by_make_secrets() -> None:
    wanted = variables_of(PATH.read_text("utf-8"))
    assert {name for name, default in wanted.items() if default is None} <= set(SECRET_NAMES)


@pytest.mark.parametrize("name", NODES)
def test_a_real_server_takes_the_configuration_of_each_node(name: str, tmp_path: Path) -> None:
    given = {key: filled_in(value, SECRETS) for key, value in NODES[name].environment.items()}
    routes = json.loads(given["HUANWEI_NATS_ROUTES"])
    assert [re.sub(r".*@(.*):6222", r"\1", route) for route in routes] == list(NODES)
    for volume in NODES[name].volumes:
        source, target, *_ = volume.split(":")
        if source.startswith("./"):
            (tmp_path / Path(target).name).write_bytes((ROOT / source).read_bytes())

    done = subprocess.run(
        (str(find_nats_server()), "-t", "-c", str(tmp_path / "nats-server-cluster.conf")),
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert done.returncode == 0, done.stderr
