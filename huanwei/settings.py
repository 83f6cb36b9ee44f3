"""The settings of a run: one TOML file, one file of secrets beside it, and the environment.

Environment variables win: ``HUANWEI_CENTRE__PORT=8080`` sets ``port`` in ``[centre]``. Unknown keys
and unsafe values are refused with the file and the key.
"""

import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from alerts.limits import AlertRules
from domain.checks import ID_PATTERN
from wire.broker_hosts import parse_hosts
from wire.shards import ALL_SHARDS, format_shards, parse_shards

SECRETS_NAME = "secrets.toml"
SHORTEST_SECRET = 16
FEWEST_DIFFERENT = 6
"""Characters that a secret is made of, at least."""
_WELL_KNOWN = ("change-me", "changeme", "change_me", "adminadmin", "passwordpassword", "12345678")


class SettingsError(Exception):
    """Settings that cannot be used: every fault with its file and key, one a line."""


def _guarded(host: str, section: ValidationInfo) -> str:
    """Refuse an address that others reach, unless a proxy is said to stand before it."""
    if not ipaddress.ip_address(host).is_loopback and not section.data.get("behind_proxy"):
        msg = (
            "only a loopback address (127.0.0.1): there are no accounts yet. In a container"
            " that only a proxy reaches, set behind_proxy = true"
        )
        raise ValueError(msg)
    return host


def _strong(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text:
        return secret  # missing: refused where it is needed (`huanwei.held_secrets`)
    if len(text) < SHORTEST_SECRET:
        msg = f"shorter than {SHORTEST_SECRET} characters; `huanwei init` makes good ones"
        raise ValueError(msg)
    if len(set(text)) < FEWEST_DIFFERENT or any(word in text.lower() for word in _WELL_KNOWN):
        msg = "a secret that everybody knows or guesses; `huanwei init` makes good ones"
        raise ValueError(msg)
    return secret


def _database_address(url: SecretStr) -> SecretStr:
    # Not by SQLAlchemy: the edge reads these settings too and has no use for its memory.
    if not re.fullmatch(r"postgres(ql)?://[^/\s]+/[^/?\s]+(\?\S*)?", url.get_secret_value()):
        msg = "not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        raise ValueError(msg)
    return url


def _shards(text: str) -> str:
    return format_shards(parse_shards(text))


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text))


Network = Annotated[str, AfterValidator(_network)]
Port = Annotated[int, Field(ge=1, le=65_535)]
GuardedHost = Annotated[str, AfterValidator(_guarded)]
Secret = Annotated[SecretStr, AfterValidator(_strong)]
NO_SECRET = SecretStr("")
KeptFor = Annotated[int, Field(ge=1, le=36_500)]
Id = Annotated[str, Field(pattern=f"^{ID_PATTERN.pattern}$")]
ServerUrl = Annotated[str, Field(pattern=r"^https?://[^/@\s]+(/\S*)?$")]
"""Without ``user:password@``: errors and logs tell this address."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RunSection(_Section):
    """Where the run keeps its files. Paths in the settings are relative to the settings file."""

    data: Path = Path("data")
    logs: Path = Path("logs")
    registry: Path = Path("registry.json")
    registry_copy: Path | None = None
    """With ``[postgres]``: the newest registry, kept there for the edge; None: in ``data``."""
    references: Path = Path("references")
    clock_anchor: Path | None = None
    """Only demo and tests have one: the business clock then runs from this anchor file."""


class BrokerSection(_Section):
    """The MQTT broker, and whether ``huanwei up`` starts it."""

    start: bool = True
    host: str = "127.0.0.1"
    """One host, or those of a cluster, ``HOST,HOST:PORT``; without a port it is ``mqtt_port``."""
    mqtt_port: Port = 1883
    administration_port: Port = 4222
    monitoring_port: Port = 8222
    admin_password: Secret = NO_SECRET
    """These four only where they are used: a process needs that of the user it logs in as."""
    ingest_password: Secret = NO_SECRET
    gateway_password: Secret = NO_SECRET
    devices_password: Secret = NO_SECRET
    device_accounts: Literal["shared", "own"] = "shared"
    """``own``: each device is a user of its own and publishes as itself only; ``huanwei broker
    users`` makes their passwords. ``shared``: all use ``devices``."""
    tls_ca: Path | None = None
    """The authority whose signature the broker must show; with it the connection is encrypted."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            msg = "tls_certificate, tls_key: only both together"
            raise ValueError(msg)
        if self.tls_certificate is not None and self.tls_ca is None:
            msg = "tls_certificate: without tls_ca the connection is not encrypted"
            raise ValueError(msg)
        if self.start and len(parse_hosts(self.host, self.mqtt_port).addresses) > 1:
            msg = "host: several are a broker that runs elsewhere: set start = false"
            raise ValueError(msg)
        if self.tls_ca is not None and self.start:
            msg = (
                "tls_ca: the broker that `huanwei up` starts speaks no TLS. Run one by"
                " deploy/nats/nats-server-tls.conf and set start = false"
            )
            raise ValueError(msg)
        return self


class EdgeSection(_Section):
    """The site's process: gateway and vision."""

    gateway_id: Id
    health_port: Port = 18841
    acceptance_log: Path | None = None
    overflow_network: bool = True
    """Whether bins that are hard to tell are shown to the overflow network (18 ms of a core each
    time by ONNX Runtime, 80 ms by OpenCV); else, and without its file, to the classical head."""

    detector_file: Path | None = None
    """An ONNX file that finds people and vehicles; without one OpenCV's HOG finds people."""
    quick_looks: bool = False
    """Whether a clean place in which nothing has changed is only looked at small: a fifth of the
    processor time, and nine of ten such pictures are not kept."""
    vision_workers: Annotated[int, Field(ge=1, le=16)] = 1
    """So many processes share the cameras; each takes its part of them."""


class IngestSection(_Section):
    """Judge, journal and time series."""

    health_port: Port = 18842
    shards: Annotated[str, AfterValidator(_shards)] = "0-31"
    """Whose gateways this worker hears, such as ``0-7`` or ``0-7/32``; with ``[postgres]`` others
    may have the rest."""
    journal_days: KeptFor = 14
    readings_days: KeptFor = 90
    """Readings, emptyings and verdicts one by one."""
    rollup_days: KeptFor = 1_830
    """Hours and days added up: inspections look back five years."""
    picture_days: KeptFor = 90
    rate_times_registered: Annotated[float, Field(ge=1, le=1_000)] = 12.0
    """So many times the rate it is registered with a device may send for ever."""
    rate_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """So many records more pass at once."""
    longest_backlog_days: KeptFor = 90
    """What a device observes in so long, at its registered rate, may come late and all at once."""


class InfluxSection(_Section):
    """An InfluxDB 2 that gets every point too. Without this section there is none."""

    url: ServerUrl
    org: str
    raw_bucket: str = "huanwei-raw"
    hourly_bucket: str = "huanwei-hourly"
    daily_bucket: str = "huanwei-daily"
    serves_pages: bool = False
    """Whether pages ask it for readings instead of ``series.db``; with ``[postgres]`` they do."""
    gzip: bool = False
    """Trades CPU time for every row against smaller bodies: over a slow network only."""
    token: SecretStr = SecretStr("")
    """Writes the buckets; ``huanwei influx setup`` makes it and puts it among the secrets."""
    read_token: SecretStr = SecretStr("")
    """Only reads them, for Grafana."""


class PostgresSection(_Section):
    """The PostgreSQL of a district: registry, journal and cases. Without it they are files."""

    url: Annotated[SecretStr, AfterValidator(_database_address)]
    """``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``; belongs among the secrets."""


class GrafanaSection(_Section):
    """The dispatchers' Grafana: links to it, marks on its charts, dashboards pushed into it."""

    url: ServerUrl
    """How our processes reach it."""
    public_url: ServerUrl | None = None
    """How a browser reaches it; without it the console has no links to it."""
    console_url: ServerUrl | None = None
    """Where links on dashboards lead; without it ``[centre] public_url``."""
    token: SecretStr = SecretStr("")
    """Of a service account with the role Editor; belongs among the secrets."""
    user: str = ""
    """Without a token: an account of Grafana's, with ``password``."""
    password: SecretStr = SecretStr("")

    @property
    def known_to_it(self) -> bool:
        """Whether there are credentials: a token, or an account."""
        return bool(self.token.get_secret_value() or self.password.get_secret_value())


class CentreSection(_Section):
    """Alerts, cases, API, console and crew pages."""

    behind_proxy: bool = False
    """Only a proxy reaches the listener, as in a container: then it may be any address."""
    host: GuardedHost = "127.0.0.1"
    port: Port = 8000
    health_port: Port = 18843
    alerts_health_port: Port = 18845
    """Of the process ``alerts``, where it runs beside ``api`` and not with it."""
    public_url: str = "http://127.0.0.1:8000"
    """How a crew's phone reaches the crew pages: the links in messages begin with it."""
    signing_secret: Secret = NO_SECRET
    """Signs the crew links and the console's cookies; alerts, api and centre need it."""
    webhook_networks: tuple[Network, ...] = ()
    """Networks that are not the public one and where a crew's web hook may lie all the same."""
    map_tile_url: str | None = None
    """Tiles behind the map, for example of a provider inside the country; none are needed."""


class SimulatorSection(_Section):
    """The simulated district of the demo."""

    behind_proxy: bool = False
    """As in ``[centre]``."""
    host: GuardedHost = "127.0.0.1"
    port: Port = 8010
    health_port: Port = 18844
    seed: int = 7
    scenario: Literal["calm", "ordinary", "everything_fails"] = "calm"
    """What goes wrong with the devices: ``firmware_sim/scenarios``."""
    started_at: AwareDatetime | None = None
    """When the simulated world began; the demo writes it, so that a restart agrees."""
    public_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """How the edge reaches the simulated cameras; None: by ``host`` and ``port``."""

    @property
    def url(self) -> str:
        """How the other processes reach the simulator."""
        return self.public_url or f"http://{self.host}:{self.port}"


class Settings(BaseSettings):
    """All settings of a run, checked."""

    model_config = SettingsConfigDict(
        env_prefix="HUANWEI_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    run: RunSection = RunSection()
    broker: BrokerSection = BrokerSection()
    edge: EdgeSection
    ingest: IngestSection = IngestSection()
    influx: InfluxSection | None = None
    grafana: GrafanaSection | None = None
    postgres: PostgresSection | None = None
    centre: CentreSection = CentreSection()
    rules: AlertRules = AlertRules()
    simulator: SimulatorSection | None = None

    @model_validator(mode="after")
    def _several_workers_share_a_database(self) -> Self:
        if self.postgres is None and parse_shards(self.ingest.shards) != ALL_SHARDS:
            msg = "ingest.shards: a part of the shards only with [postgres]: a file has one writer"
            raise ValueError(msg)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then the files given as ``init_settings``."""
        return env_settings, init_settings


def secrets_path_of(path: Path) -> Path:
    """Return where the secrets of the settings in ``path`` lie: beside them, or elsewhere.

    ``HUANWEI_SECRETS_FILE`` names another file, such as one that systemd or a volume hands over.
    """
    elsewhere = os.environ.get("HUANWEI_SECRETS_FILE")
    return Path(elsewhere) if elsewhere else path.with_name(SECRETS_NAME)


def load_settings(path: Path) -> Settings:
    """Read ``path`` and the secrets beside it; raise :class:`SettingsError` with every fault.

    Relative paths in ``[run]`` and ``[edge]`` are taken from the folder of ``path``.
    """
    secrets_path = secrets_path_of(path)
    values = _read_toml(path)
    secrets = _read_toml(secrets_path) if secrets_path.exists() else {}
    merged: dict[str, Any] = {
        name: {**values.get(name, {}), **secrets.get(name, {})}
        for name in [*values, *(name for name in secrets if name not in values)]
    }
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        raise SettingsError("\n".join(_faults(error, path, secrets, secrets_path))) from error
    return _with_absolute_paths(settings, path.resolve().parent)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"{path}: no such file; `huanwei init FOLDER` makes one to start from"
        raise SettingsError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"{path}: {error}"
        raise SettingsError(msg) from error


def _faults(
    error: ValidationError, path: Path, secrets: dict[str, Any], secrets_path: Path
) -> list[str]:
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        keys = [str(key) for key in fault["loc"]]
        in_secrets = len(keys) > 1 and keys[1] in secrets.get(keys[0], {})
        lines.append(f"{secrets_path if in_secrets else path}: {'.'.join(keys)}: {fault['msg']}")
    return lines


def _with_absolute_paths(settings: Settings, folder: Path) -> Settings:
    run = settings.run
    changes = {
        name: folder / value
        for name in RunSection.model_fields
        if (value := getattr(run, name)) is not None
    }
    edge = settings.edge
    if edge.acceptance_log is not None:
        edge = edge.model_copy(update={"acceptance_log": folder / edge.acceptance_log})
    broker = settings.broker
    files = {name: getattr(broker, name) for name in ("tls_ca", "tls_certificate", "tls_key")}
    broker = broker.model_copy(
        update={name: folder / path for name, path in files.items() if path is not None}
    )
    return settings.model_copy(
        update={"run": run.model_copy(update=changes), "edge": edge, "broker": broker}
    )
