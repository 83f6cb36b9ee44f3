"""Starts a district's servers and puts into them what the processes of ours need to find."""

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from huanwei.broker.device_passwords import write_private
from huanwei.business_clock import SystemClock
from huanwei.database import upgrade
from huanwei.database_reader import make_reader
from huanwei.district.local_grafana import find_grafana, grafana_child, write_provisioning
from huanwei.district.local_influx import ORG, LocalInflux, find_influxd
from huanwei.district.local_postgres import DATABASE, LocalPostgres, find_postgres
from huanwei.district.plan import READER, ServerPlan
from huanwei.errors import StandsInTheWayError
from huanwei.grafana import write as write_dashboards
from huanwei.influx_setup import set_up
from huanwei.run_stores import database_in_plain_words
from huanwei.settings import load_settings
from huanwei.supervision import ChildProcess, is_ready, start_process
from storage.postgres_registry import NoRegistryError, PostgresRegistryWriter
from storage.registry_file import load_registry

READY_WITHIN_S = 60.0
_END_WITHIN_S = 20.0
_LOOK_EVERY_S = 0.05


class DistrictServers:
    """The servers of one run. Left, none of them runs any more."""

    def __init__(self, plan: ServerPlan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._logs = folder / "logs"
        self._started: list[subprocess.Popen[bytes]] = []
        self.postgres = self._postgres()
        self._influx = self._local_influx()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in reversed(self._started):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self._started):
            try:
                process.wait(_END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def started(self) -> list[ChildProcess]:
        """Start them; return them as what a supervisor may watch and start again.

        Raises ``StandsInTheWayError`` when one does not come up.
        """
        children = []
        if self.postgres is not None:
            self.postgres.initialise()
            children.append(self._start(self.postgres.child(self._logs)))
        if self._influx is not None:
            children.append(self._start(self._influx.child(self._logs)))
        for child in children:
            self._wait(child, partial(is_ready, child.ready_url))
            if self.postgres is not None and child.name == "postgres":
                self._wait(child, self.postgres.answers)
        return children

    def fill(self, settings_path: Path) -> None:
        """Bring tables, registry, accounts and buckets there; what is there already stays."""
        if self._influx is not None and self._plan.influx is not None:
            self._influx.set_up()
            token = self._plan.influx.secret
            set_up(settings_path, admin_token=token, yes=True, say=lambda _line: None)
        if self.postgres is not None and self._plan.postgres is not None:
            url = self.postgres.url()
            with database_in_plain_words():
                self.postgres.make_database()
                upgrade(url)
                _import_registry(url, load_settings(settings_path).run.registry)
                make_reader(url, name=READER, password=self._plan.postgres.reader)

    def grafana(self, settings_path: Path) -> list[ChildProcess]:
        """Return Grafana as a process that is still to be started, provisioned; or nothing."""
        plan, found = self._plan, find_grafana()
        if plan.grafana is None or plan.postgres is None or plan.influx is None or found is None:
            return []
        folder = self._folder / "grafana"
        section = load_settings(settings_path).influx
        read_token = "" if section is None else section.read_token.get_secret_value()
        write_dashboards(settings_path, folder / "dashboards", say=lambda _line: None)
        write_provisioning(
            folder,
            influx=(f"http://127.0.0.1:{plan.influx.port}", ORG, read_token),
            postgres=(plan.postgres.port, DATABASE, READER, plan.postgres.reader),
        )
        server = plan.grafana
        return [
            grafana_child(found, folder, port=server.port, password=server.secret, logs=self._logs)
        ]

    def _start(self, child: ChildProcess) -> ChildProcess:
        process = start_process(child)
        self._started.append(process)
        return replace(child, running=process)

    def _wait(self, child: ChildProcess, condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + READY_WITHIN_S
        while not condition():
            ended = child.running is not None and child.running.poll() is not None
            if ended or time.monotonic() >= deadline_s:
                msg = f"{child.name} did not start; see {child.log_path}"
                raise StandsInTheWayError(msg)
            threading.Event().wait(_LOOK_EVERY_S)

    def _postgres(self) -> LocalPostgres | None:
        server = self._plan.postgres
        if server is None:
            return None
        programs = find_postgres()
        if programs is None:
            msg = "this run has its data in PostgreSQL, which is not found any more (POSTGRES_BIN)"
            raise StandsInTheWayError(msg)
        return LocalPostgres(
            programs, self._folder / "postgres", port=server.port, password=server.secret
        )

    def _local_influx(self) -> LocalInflux | None:
        server = self._plan.influx
        if server is None:
            return None
        program = find_influxd()
        if program is None:
            msg = "this run has time series in InfluxDB, which is not found any more (INFLUXD_BIN)"
            raise StandsInTheWayError(msg)
        return LocalInflux(
            program, self._folder / "influx", port=server.port, admin_token=server.secret
        )


def write_secrets_too(path: Path, text: str) -> None:
    """Put more sections behind those of a secrets file, which stays its owner's alone."""
    write_private(path, path.read_text(encoding="utf-8") + text)


def _import_registry(url: str, path: Path) -> None:
    writer = PostgresRegistryWriter(url, by="huanwei district", now=SystemClock().now)
    try:
        writer.newest()
    except NoRegistryError:
        writer.put(load_registry(path))
    finally:
        writer.close()
