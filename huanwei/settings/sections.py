"""The sections of the settings: what may stand in each, what it means, what it is without."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, model_validator

from huanwei.settings.checked_values import (
    NO_SECRET,
    DatabaseAddress,
    GuardedHost,
    Id,
    KeptFor,
    Network,
    Port,
    Secret,
    ServerUrl,
    Shards,
)
from wire.broker_hosts import parse_hosts


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
    quick_looks: bool = True
    """Whether a clean place in which nothing has changed is only looked at small: a fifth of the
    processor time, and its pictures are kept in that size."""
    vision_workers: Annotated[int, Field(ge=1, le=16)] = 1
    """So many processes share the cameras; each takes its part of them."""


class CameraLoginSection(_Section):
    """How one camera wants to know us; belongs among the secrets."""

    user: Annotated[str, Field(pattern=r"^[^:\x00-\x1f]+$")]
    password: SecretStr
    digest: bool = True
    """Else Basic, which says the password to everybody on the way: over ``https://`` only."""


class IngestSection(_Section):
    """Judge, journal and time series."""

    health_port: Port = 18842
    shards: Shards = "0-31"
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

    url: DatabaseAddress
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
    webhook_posts_per_minute: Annotated[int, Field(ge=0, le=6_000)] = 20
    """To one address; beyond that messages are gathered into one. 0: no bound."""
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
