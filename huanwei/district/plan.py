"""What a district on this machine is made of: which servers were found, their ports and secrets."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from huanwei.broker.device_passwords import write_private
from huanwei.district.local_grafana import USER, find_grafana
from huanwei.district.local_influx import ORG, find_influxd
from huanwei.district.local_postgres import LocalPostgres, find_postgres
from huanwei.errors import StandsInTheWayError
from huanwei.run_plan import PortUse

_NAME = "servers.json"
READER = "grafana"
"""The account that dashboards read PostgreSQL with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of a run. ``secret`` is its owner's, ``reader`` that of who only reads."""

    port: int
    secret: str = field(repr=False)
    reader: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlan:
    """The servers of a run; None: not found when the run was made, and done without."""

    postgres: Server | None
    influx: Server | None
    grafana: Server | None

    @classmethod
    def of_what_is_found(cls, *, first_port: int) -> Self:
        """Return a new plan: fresh secrets, ports from ``first_port`` on."""
        found = (find_postgres(), find_influxd(), find_grafana())
        servers = [
            Server(
                port=first_port + index,
                secret=secrets.token_urlsafe(24),
                reader=secrets.token_urlsafe(24),
            )
            if each
            else None
            for index, each in enumerate(found)
        ]
        postgres, influx, grafana = servers
        # Grafana's dashboards read both others; with fewer it would only show errors.
        return cls(
            postgres=postgres, influx=influx, grafana=grafana if postgres and influx else None
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the plan of an earlier run; raise ``StandsInTheWayError`` if it is not there."""
        try:
            held = json.loads((folder / _NAME).read_text(encoding="utf-8"))
            return cls(
                **{name: None if each is None else Server(**each) for name, each in held.items()}
            )
        except (OSError, ValueError, TypeError) as error:
            msg = f"{folder / _NAME}: not the servers of a district: {error}"
            raise StandsInTheWayError(msg) from error

    def write(self, folder: Path) -> None:
        """Keep it in the run's folder, for its owner alone."""
        write_private(folder / _NAME, json.dumps(asdict(self), indent=1) + "\n")

    @property
    def ports(self) -> tuple[PortUse, ...]:
        """The ports that the servers listen on."""
        servers = {"PostgreSQL": self.postgres, "InfluxDB": self.influx, "Grafana": self.grafana}
        return tuple(
            PortUse(setting=f"--servers-port, {name}", host="127.0.0.1", port=server.port)
            for name, server in servers.items()
            if server is not None
        )

    def settings_text(self) -> str:
        """Return the sections that a settings file needs besides."""
        text = 'scenario = "ordinary"\n'  # of [simulator], the last section of a new run
        if self.influx is not None:
            text += f'\n[influx]\nurl = "http://127.0.0.1:{self.influx.port}"\norg = "{ORG}"\n'
        if self.grafana is not None:
            url = f"http://127.0.0.1:{self.grafana.port}"
            text += f'\n[grafana]\nurl = "{url}"\npublic_url = "{url}"\nuser = "{USER}"\n'
        return text

    def secrets_text(self, postgres: LocalPostgres | None) -> str:
        """Return the sections that a secrets file needs besides."""
        text = ""
        if postgres is not None:
            text += f'\n[postgres]\nurl = "{postgres.url()}"\n'
        if self.grafana is not None:
            text += f'\n[grafana]\npassword = "{self.grafana.secret}"\n'
        return text

    def found_lines(self) -> list[str]:
        """Return what was found and what not, in plain words."""
        return [
            "PostgreSQL  found: registry, journal and cases are in it"
            if self.postgres
            else "PostgreSQL  not found (POSTGRES_BIN, the path): files keep registry, journal and"
            " cases, and the parts of dashboards that ask it are missing",
            "InfluxDB    found: time series are in it"
            if self.influx
            else "InfluxDB    not found (INFLUXD_BIN, the path): the embedded store keeps the time"
            " series, and the parts of dashboards that ask it are missing",
            "Grafana     found: the dashboards are in it"
            if self.grafana
            else "Grafana     not started: it needs a program (GRAFANA_BIN, the path) and both"
            " servers above; `--check` asks what its panels would ask",
        ]
