"""All settings of a run: read from its files and the environment, or every fault said."""

import os
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from alerts.limits import AlertRules
from huanwei.settings.checked_values import Id
from huanwei.settings.sections import (
    BrokerSection,
    CameraLoginSection,
    CentreSection,
    EdgeSection,
    GrafanaSection,
    InfluxSection,
    IngestSection,
    PostgresSection,
    RunSection,
    SimulatorSection,
)
from wire.shards import ALL_SHARDS, parse_shards

SECRETS_NAME = "secrets.toml"


class SettingsError(Exception):
    """Settings that cannot be used: every fault with its file and key, one a line."""


class Settings(BaseSettings):
    """All settings of a run, checked."""

    model_config = SettingsConfigDict(
        env_prefix="HUANWEI_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    run: RunSection = RunSection()
    broker: BrokerSection = BrokerSection()
    edge: EdgeSection
    camera_logins: dict[Id, CameraLoginSection] = {}
    """By device id."""
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
