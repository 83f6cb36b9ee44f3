"""Reads a compose file as strictly as its tests need: a key that is not listed here is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class HealthCheck(_Strict):
    test: Annotated[list[str], Field(min_length=2)]
    interval: str
    timeout: str
    retries: int
    start_period: str


class Dependency(_Strict):
    condition: Literal["service_healthy", "service_completed_successfully"]
    required: bool = True


class Build(_Strict):
    context: str
    dockerfile: str


class Service(_Strict):
    image: str | None = None
    build: Build | None = None
    profiles: list[str] = []
    user: str | None = None
    read_only: bool = False
    cap_drop: list[str] = []
    cap_add: list[str] = []
    security_opt: list[str] = []
    tmpfs: list[str] = []
    shm_size: str | None = None
    logging: dict[str, Any] | None = None
    command: list[str] = []
    environment: dict[str, str] = {}
    volumes: list[str] = []
    ports: list[str] = []
    networks: list[str] | dict[str, dict[str, list[str]]] = []
    network_mode: str | None = None
    depends_on: dict[str, Dependency] = {}
    healthcheck: HealthCheck | None = None
    restart: Literal["unless-stopped", "on-failure"] | None = None
    stop_grace_period: str | None = None
    mem_limit: str | None = None
    cpus: float | int | None = None
    pids_limit: int | None = None

    @property
    def runs_for_ever(self) -> bool:
        """Whether it is a server, not something that is done one day."""
        return self.restart == "unless-stopped"


class Network(_Strict):
    internal: bool = False


class ComposeFile(_Strict):
    name: str | None = None
    services: dict[str, Service]
    networks: dict[str, Network] = {}
    volumes: dict[str, dict[str, str]] = {}


def read_compose(path: Path) -> ComposeFile:
    """Return the file, its ``x-`` parts put in. Raises ``ValidationError``."""
    content = yaml.safe_load(path.read_text("utf-8"))
    return ComposeFile.model_validate(
        {name: part for name, part in content.items() if not name.startswith("x-")}
    )


_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def variables_of(text: str) -> dict[str, str | None]:
    """Return each ``${NAME}`` and its default; None where the start stops without it."""
    return {name: rest if how == "-" else None for name, how, rest in _VARIABLE.findall(text)}


def filled_in(text: str, values: dict[str, str]) -> str:
    """Return the text as compose passes it on."""
    return _VARIABLE.sub(
        lambda found: values.get(found[1]) or (found[3] if found[2] == "-" else ""), text
    )
