"""The compose files against what they promise; Docker itself is not needed, and was never run."""

import json
import re
import shlex
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from dashboards.definition import Source
from dashboards.provisioned import PROVISIONED
from dashboards.wanted import FOLDER_TITLES
from dashboards.wording import folder_uid
from huanwei.broker.users import format_users, users_of_one_site
from huanwei.command_line import app
from huanwei.compose_secrets import CHOICES, SECRET_NAMES, compose_secrets
from huanwei.compose_secrets import main as make_secrets
from huanwei.grafana import write as write_dashboards
from huanwei.held_secrets import require_secrets
from huanwei.settings import load_settings
from tests.fakes.compose_file import Service, filled_in, read_compose, variables_of
from texts.catalogue import Locale

ROOT = Path(__file__).parents[3]
PLAIN, TLS = ROOT / "docker-compose.yml", ROOT / "docker-compose.tls.yml"
CLUSTER = ROOT / "docker-compose.cluster.yml"
COMPOSE = read_compose(PLAIN)
OVERRIDE = read_compose(TLS)
SERVICES = COMPOSE.services
NEW_IN_TLS = {"device-accounts": OVERRIDE.services["device-accounts"]}
WHOLE = {**SERVICES, **NEW_IN_TLS}
OURS = {name: each for name, each in WHOLE.items() if (each.image or "").startswith("huanwei:")}
SERVERS = {name: each for name, each in SERVICES.items() if each.runs_for_ever}
OPTIONAL = {
    "HUANWEI_DEVICE_ADDRESS",
    "HUANWEI_GRAFANA_TOKEN",
    "HUANWEI_PUBLIC_URL",
    "HUANWEI_REGISTRY_FILE",
}

every = pytest.mark.parametrize("service", WHOLE.values(), ids=WHOLE.keys())
every_server = pytest.mark.parametrize("service", SERVERS.values(), ids=SERVERS.keys())
every_one_of_ours = pytest.mark.parametrize("service", OURS.values(), ids=OURS.keys())


def test_the_parts_of_a_district_are_there() -> None:
    assert set(SERVERS) == {
        *("nats", "mosquitto", "postgres", "influxdb", "grafana", "proxy"),
        *("edge", "ingest", "alerts", "api", "sim"),
    }


@every
def test_images_are_pinned_to_a_full_version(service: Service) -> None:
    assert re.fullmatch(r"[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", service.image or "")


@every
def test_every_container_is_limited_and_gives_up_its_rights(service: Service) -> None:
    assert service.mem_limit
    assert service.cpus
    assert service.pids_limit
    assert service.restart
    assert service.cap_drop == ["ALL"]
    assert service.security_opt == ["no-new-privileges:true"]


@every_server
def test_every_server_has_a_health_check(service: Service) -> None:
    assert service.healthcheck is not None


@every_one_of_ours
def test_our_containers_are_nobody_and_cannot_write_their_image(service: Service) -> None:
    assert service.user == "10001:10001"
    assert service.read_only


@pytest.mark.parametrize(
    "port",
    [port for each in (COMPOSE, OVERRIDE) for s in each.services.values() for port in s.ports],
)
def test_ports_are_on_loopback_unless_somebody_says_otherwise(port: str) -> None:
    assert filled_in(port, {}).startswith("127.0.0.1:")


def test_databases_are_reached_by_containers_only() -> None:
    for name in ("postgres", "influxdb"):
        assert SERVICES[name].ports == []
        assert list(SERVICES[name].networks) == ["back"]
    assert COMPOSE.networks["back"].internal


def test_there_is_no_secret_in_the_files() -> None:
    secret = re.compile(r"(PASSWORD|TOKEN|SECRET|NATS_(ADMIN|INGEST|GATEWAY|DEVICES|NODE))$")
    for path in (PLAIN, TLS, CLUSTER):
        for service in read_compose(path).services.values():
            for name, value in service.environment.items():
                if secret.search(name):
                    assert re.fullmatch(r"""'?"?\$\{\w+(:\?run make secrets|:-)\}"?'?""", value), (
                        name
                    )


def test_make_secrets_writes_every_variable_that_has_no_default() -> None:
    wanted = {
        name
        for path in (PLAIN, TLS, CLUSTER)
        for name, default in variables_of(path.read_text("utf-8")).items()
        if default is None
    }
    known = {
        name for path in (PLAIN, TLS, CLUSTER) for name in variables_of(path.read_text("utf-8"))
    }

    assert wanted == set(SECRET_NAMES)
    assert known == set(SECRET_NAMES) | OPTIONAL


def test_secrets_are_the_owners_alone_and_stay_when_made_again(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("HUANWEI_GRAFANA_PASSWORD=kept\nCOMPOSE_PROFILES=mosquitto\n", "utf-8")
    path.chmod(0o644)

    make_secrets(path)
    first = path.read_text("utf-8")
    make_secrets(path)

    assert path.read_text("utf-8") == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = dict(line.split("=", 1) for line in first.splitlines() if "=" in line)
    assert values["HUANWEI_GRAFANA_PASSWORD"] == "kept"  # noqa: S105  of nobody
    assert values["COMPOSE_PROFILES"] == "mosquitto"
    made = [values[name] for name in SECRET_NAMES if values[name] != "kept"]
    assert len(set(made)) == len(SECRET_NAMES) - 1
    assert min(map(len, made)) >= 32


def test_secrets_stay_out_of_git_and_out_of_the_image() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {"/.env", "/deploy/secrets/"} <= set(ignored)
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert lines[0] == "*"
    assert not [line for line in lines if "secret" in line or ".env" in line]


@pytest.mark.parametrize("path", [PLAIN, TLS], ids=lambda path: path.name)
def test_every_mounted_file_and_volume_exists(path: Path) -> None:
    for name, service in read_compose(path).services.items():
        for volume in service.volumes:
            source, target, *mode = volume.split(":")
            assert target.startswith("/"), name
            if source.startswith("./deploy/secrets/"):
                continue  # the engineer's certificates
            if source.startswith("./"):
                assert (ROOT / source).exists(), volume
                assert mode == ["ro"], volume
            else:
                assert source in COMPOSE.volumes, volume


def test_every_network_and_dependency_exists() -> None:
    for name, service in WHOLE.items():
        assert set(service.networks) <= set(COMPOSE.networks), name
        for other, how in service.depends_on.items():
            ends = how.condition == "service_completed_successfully"
            assert WHOLE[other].runs_for_ever != ends, f"{name} waits for {other}"
            optional = set(WHOLE[other].profiles) - set(service.profiles)
            assert how.required != bool(optional), f"{name} waits for {other}"


def parsed(command: list[str]) -> dict[str, Any]:
    """Let our own command line read a command, without doing it; return what it understood."""
    group: Any = typer.main.get_command(app)
    arguments = command[1:]
    context = group.make_context("huanwei", list(arguments))
    while hasattr(group, "commands"):
        name, group, arguments = group.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        context = group.make_context(name, list(arguments), parent=context)
    return dict(context.params)


@every_one_of_ours
def test_our_command_lines_are_understood(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HUANWEI_INFLUX_ADMIN_TOKEN", "HUANWEI_POSTGRES_READER_PASSWORD"):
        if name in service.environment:
            monkeypatch.setenv(name, "x" * 32)
    command = [filled_in(word, {}) for word in service.command]
    if command[0] == "huanwei":
        assert str(parsed(command)["settings"]) == "/etc/huanwei/huanwei.toml"
    elif command[0] == "python":
        assert command[1:3] == ["-m", "huanwei.prepare_demo"]
        assert (ROOT / "huanwei" / "prepare_demo.py").exists()
    else:
        assert command[:2] == ["nats-server", "-c"]


@pytest.mark.parametrize("name", [n for n, s in OURS.items() if n != "nats"])
def test_the_settings_of_every_container_of_ours_are_taken(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = dict(
        line.split("=", 1) for line in compose_secrets("").splitlines() if not line.startswith("#")
    )
    override = OVERRIDE.services.get(name)
    for more in ({}, {} if override is None else override.environment):
        for key, value in {**OURS[name].environment, **more}.items():
            monkeypatch.setenv(key, filled_in(value, secrets))
    monkeypatch.setenv("HUANWEI_SECRETS_FILE", str(tmp_path / "none.toml"))

    settings = load_settings(ROOT / "deploy" / "compose" / "huanwei.toml")

    aliases = SERVICES["nats"].networks
    assert isinstance(aliases, dict)
    assert settings.broker.host in aliases["back"]["aliases"]
    if settings.postgres is not None:
        assert "@postgres:5432/" in settings.postgres.url.get_secret_value()
    assert (settings.postgres is None) == (
        name not in {"migrate", "reader", "registry", "ingest", "alerts", "api"}
    )


def test_health_checks_ask_the_ports_that_the_processes_listen_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in SECRET_NAMES[:5]:
        key = name.replace("BROKER_", "BROKER__").replace(
            "HUANWEI_SIGNING", "HUANWEI_CENTRE__SIGNING"
        )
        monkeypatch.setenv(key, "a-secret-of-this-test")
    monkeypatch.setenv("HUANWEI_SIMULATOR__SEED", "7")
    settings = load_settings(ROOT / "deploy" / "compose" / "huanwei.toml")
    simulator = settings.simulator
    assert simulator is not None
    ports = {
        "edge": settings.edge.health_port,
        "ingest": settings.ingest.health_port,
        "alerts": settings.centre.alerts_health_port,
        "api": settings.centre.health_port,
        "sim": simulator.health_port,
    }
    for name, port in ports.items():
        check = SERVICES[name].healthcheck
        assert check is not None
        assert check.test[-1] == f"http://127.0.0.1:{port}/readyz"


def test_the_brokers_users_are_those_of_a_run_on_one_machine() -> None:
    text = format_users(
        users_of_one_site(
            gateway_id="gw-main",
            gateway_password="@GATEWAY",  # noqa: S106  a mark
            ingest_password="@INGEST",  # noqa: S106
            devices_password="@DEVICES",  # noqa: S106
            admin_password="@ADMIN",  # noqa: S106
        )
    )
    text = re.sub(r'"@([A-Z]+)"', r"$HUANWEI_NATS_\1", text)

    shipped = (ROOT / "deploy" / "compose" / "nats-users.conf").read_text("utf-8")
    assert shipped.partition("\n")[2] == text


def test_every_variable_of_a_broker_file_is_given() -> None:
    for service, files in (
        (SERVICES["nats"].environment, ("nats/nats-server.conf", "compose/nats-users.conf")),
        (
            {**SERVICES["nats"].environment, **OVERRIDE.services["nats"].environment},
            ("nats/nats-server-tls.conf",),
        ),
    ):
        for name in files:
            text = (ROOT / "deploy" / name).read_text("utf-8")
            assert set(re.findall(r"\$(HUANWEI_\w+)", text)) <= set(service), name


def test_the_tls_file_differs_from_the_plain_one_by_tls_and_the_accounts_alone() -> None:
    def rules(name: str) -> str:
        text = (ROOT / "deploy" / "nats" / name).read_text("utf-8")
        return re.sub(r"#[^\n]*", "", text)

    tls = rules("nats-server-tls.conf").replace("accounts/users.conf", "users.conf")
    without = re.sub(r"  tls \{[^}]*\}\n", "", tls)
    assert without.split() == rules("nats-server.conf").split()
    assert without != tls


def test_the_image_takes_pinned_dependencies_and_runs_as_nobody() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    stages = re.findall(r"^FROM (\S+)", text, re.MULTILINE)

    assert len(stages) == 2
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm", stage) for stage in stages)
    assert "--require-hashes -r requirements.lock" in text
    assert "fonts-noto-cjk" in text
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    kept = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE):
        assert (ROOT / source).exists(), source
        assert f"!{source}" in kept, source


def test_all_our_packages_are_in_the_image() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}

    assert set(re.findall(r"^COPY (\w+) /app/", text, re.MULTILINE)) == packages


def test_the_proxy_leads_to_services_that_are_there() -> None:
    text = (ROOT / "deploy" / "compose" / "Caddyfile").read_text("utf-8")
    targets = set(re.findall(r"reverse_proxy (\w+):", text))

    assert targets == {"api", "grafana"}
    for target in targets:
        assert set(SERVICES[target].networks) & set(SERVICES["proxy"].networks)
    assert shlex.split("/c/* /pictures/* /assets/*") == re.findall(r"path (.*)", text)[0].split()


def test_choices_of_env_name_profiles_that_exist() -> None:
    profiles = {profile for service in SERVICES.values() for profile in service.profiles}

    assert set(CHOICES["COMPOSE_PROFILES"].split(",")) <= profiles
    assert profiles == {"nats", "mosquitto", "sim"}


PASSWORDS = {
    "edge": {"HUANWEI_BROKER__GATEWAY_PASSWORD"},
    "ingest": {"HUANWEI_BROKER__INGEST_PASSWORD"},
    "alerts": {"HUANWEI_CENTRE__SIGNING_SECRET", "HUANWEI_GRAFANA__PASSWORD"},
    "api": {"HUANWEI_CENTRE__SIGNING_SECRET"},
    "sim": {"HUANWEI_BROKER__DEVICES_PASSWORD"},
    "broker-cap": {"HUANWEI_BROKER__ADMIN_PASSWORD"},
}


@pytest.mark.parametrize("name", PASSWORDS)
def test_a_container_has_the_passwords_of_its_own_work_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = SERVICES[name].environment
    here = {key for key in environment if re.search(r"(PASSWORD|SECRET)$", key)}
    for key, value in environment.items():
        monkeypatch.setenv(key, filled_in(value, dict.fromkeys(SECRET_NAMES, "a-secret-of-tests")))

    require_secrets(load_settings(ROOT / "deploy" / "compose" / "huanwei.toml"), [name])

    assert here == PASSWORDS[name]
    assert ("HUANWEI_POSTGRES__URL" in environment) == (name in {"ingest", "alerts", "api"})


def mounted(service: Service, target: str) -> str:
    (found,) = [each for each in service.volumes if each.split(":")[1] == target]
    return found


def test_what_the_centre_writes_for_the_edge_is_what_the_edge_reads() -> None:
    registry = "/var/lib/huanwei-registry"
    for name in ("registry", "alerts"):
        at = SERVICES[name].environment["HUANWEI_RUN__REGISTRY_COPY"]
        assert at == SERVICES["edge"].environment["HUANWEI_RUN__REGISTRY"]
        assert Path(at).parent == Path(registry)
        assert mounted(SERVICES[name], registry) == f"registry:{registry}"
    assert mounted(SERVICES["edge"], registry) == f"registry:{registry}:ro"
    references = tomllib.loads((ROOT / "deploy/compose/huanwei.toml").read_text("utf-8"))["run"][
        "references"
    ]
    assert mounted(SERVICES["api"], references) == f"references:{references}"
    assert mounted(SERVICES["edge"], references) == f"references:{references}:ro"


def provisioning(name: str, folder: Path = ROOT / "deploy" / "grafana") -> dict[str, Any]:
    return dict(yaml.safe_load((folder / name / "huanwei.yaml").read_text("utf-8")))


def test_grafana_is_given_the_data_sources_that_the_dashboards_name() -> None:
    given = {each["uid"]: each["type"] for each in provisioning("datasources")["datasources"]}
    named = {}
    for model in PROVISIONED.glob("*/*.json"):
        for panel in json.loads(model.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                named[target["datasource"]["uid"]] = target["datasource"]["type"]

    assert given == named
    assert set(given) == {str(source) for source in Source}


def test_grafana_reads_the_folders_that_are_written_for_it(tmp_path: Path) -> None:
    providers = provisioning("dashboards")["providers"]
    command = SERVICES["grafana-dashboards"].command
    written = command[command.index("write") + 1]
    settings = tmp_path / "huanwei.toml"
    settings.write_text(
        '[edge]\ngateway_id = "gw-one"\n[centre]\npublic_url = "https://city.example"\n', "utf-8"
    )
    write_dashboards(settings, tmp_path / "out", say=lambda _line: None)

    folders = {(each["folderUid"], each["folder"], each["options"]["path"]) for each in providers}
    assert folders == {
        (folder_uid(locale), FOLDER_TITLES[locale], f"{written}/{locale.language_tag}")
        for locale in Locale
    }
    assert {each["type"] for each in providers} == {"file"}
    for name in ("grafana", "grafana-dashboards"):
        assert mounted(SERVICES[name], written).startswith(f"dashboards:{written}")
    files = sorted((tmp_path / "out").glob("*/*.json"))
    assert len(files) == len(list(PROVISIONED.glob("*/*.json")))
    for path in files:
        constants = {
            variable["query"]
            for variable in json.loads(path.read_text("utf-8"))["templating"]["list"]
            if variable["name"] == "console"
        }
        assert constants == {"https://city.example"}
