"""The PostgreSQL database of a district: bring its tables to this release, or say where they are.

A database has one history of revisions (``huanwei/migrations``). Each revision is one transaction,
so a run that is killed goes on at the next one where it ended.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import URL, Connection

from huanwei.errors import StandsInTheWayError
from storage.postgres import WriteLock, administration_engine

_SCRIPTS = Path(__file__).with_name("migrations")


class WrongRevisionError(StandsInTheWayError):
    """The database's tables are not those of this release. ``huanwei database upgrade``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One step of the database's history."""

    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """Where a database is in the history, and what is missing, the oldest step first."""

    at: str | None
    missing: tuple[Revision, ...]
    unknown: bool
    """Whether its revision is none of this release's: a newer release has been there."""


def database_state(url: URL | str) -> DatabaseState:
    """Return where the database is. Raises ``DatabaseUnavailableError`` when it is away."""
    with _administering(url) as connection:
        return _state(connection)


def upgrade(url: URL | str, *, to: str = "head", say: Callable[[str], None] | None = None) -> None:
    """Apply every missing revision up to ``to``; nothing when there is none.

    Two at once take turns. Raises :class:`WrongRevisionError` for a newer release's database and
    ``DatabaseUnavailableError`` when the server is away.
    """
    tell = say or (lambda _line: None)
    with _administering(url) as connection:
        connection.exec_driver_sql("SET lock_timeout = 0")
        connection.exec_driver_sql("SELECT pg_advisory_lock(%s)", (int(WriteLock.MIGRATIONS),))
        connection.commit()
        state = _state(connection)
        if state.unknown:
            raise WrongRevisionError(_plainly(state))
        for step in state.missing:
            tell(f"{step.name}: {step.what}")
        # A table that somebody reads for long holds an upgrade up, and that one all others.
        connection.exec_driver_sql("SET lock_timeout = '15s'")
        connection.commit()
        command.upgrade(_config(connection), to)


def require_this_release(url: URL | str) -> None:
    """Raise :class:`WrongRevisionError` unless the database's tables are those of this release."""
    state = database_state(url)
    if state.unknown or state.missing:
        raise WrongRevisionError(_plainly(state))


@contextmanager
def _administering(url: URL | str) -> Iterator[Connection]:
    engine = administration_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()  # the advisory lock goes with the connection


def _state(connection: Connection) -> DatabaseState:
    scripts = ScriptDirectory(str(_SCRIPTS))
    context = MigrationContext.configure(connection, opts={"version_table_schema": "public"})
    at = context.get_current_revision()
    connection.rollback()
    all_steps: list[Script] = list(scripts.walk_revisions())
    names = [step.revision for step in all_steps]
    unknown = at is not None and at not in names
    behind = [] if unknown else all_steps[: names.index(at)] if at else all_steps
    missing = tuple(Revision(name=step.revision, what=step.doc) for step in reversed(behind))
    return DatabaseState(at=at, missing=missing, unknown=unknown)


def _plainly(state: DatabaseState) -> str:
    if state.unknown:
        return (
            f"The database is at revision {state.at}, which this release does not know: a newer one"
            " has been there. Start that release; nothing was changed."
        )
    where = f"at revision {state.at}" if state.at else "empty"
    steps = ", ".join(step.name for step in state.missing)
    return (
        f"The database is {where} and lacks: {steps}. Stop the run, then:"
        " huanwei database upgrade --settings FILE"
    )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
