"""The account that Grafana reads a district's PostgreSQL with: the views, and nothing else."""

from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from huanwei.database import require_this_release
from huanwei.errors import StandsInTheWayError
from storage.postgres import administration_engine

_RIGHTS = (
    "ALTER ROLE {reader} NOSUPERUSER NOCREATEDB NOCREATEROLE LOGIN PASSWORD {password}",
    # A panel that asks for too much must not hold the database up.
    "ALTER ROLE {reader} SET default_transaction_read_only = on",
    "ALTER ROLE {reader} SET statement_timeout = '20s'",
    "ALTER ROLE {reader} SET search_path = dashboards",
    # Temporary tables are written where a default of "read only" ends with one SET; PostgreSQL
    # lets everybody make them. Nobody of ours does.
    "REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {reader}",
    "GRANT USAGE ON SCHEMA dashboards TO {reader}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA dashboards TO {reader}",
    # Views of later revisions too.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA dashboards GRANT SELECT ON TABLES TO {reader}",
)


def make_reader(url: URL | str, *, name: str, password: str) -> bool:
    """Make the account, or give a known one this password and its rights; return if it is new.

    Raises ``StandsInTheWayError`` when the run's own account may not do that, and
    ``DatabaseUnavailableError``.
    """
    require_this_release(url)
    engine = administration_engine(url)
    try:
        with engine.begin() as connection:
            return _make(connection, name, password)
    except (psycopg.Error, DBAPIError) as error:
        msg = f"the account {name} was not made: {getattr(error, 'orig', error)}".splitlines()[0]
        raise StandsInTheWayError(msg) from None
    finally:
        engine.dispose()


def _make(connection: Connection, name: str, password: str) -> bool:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    # Hashed here: a server may write such statements into its log.
    hashed = driver.pgconn.encrypt_password(password.encode(), name.encode()).decode()
    words = {
        "reader": sql.Identifier(name),
        "password": sql.Literal(hashed),
        "database": sql.Identifier(driver.info.dbname),
    }
    cursor = driver.cursor()
    try:
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = %s", (name,))
        known = cursor.fetchone()
        if known is not None and known[0]:
            msg = f"{name} is an account that may do more than read; choose another name"
            raise StandsInTheWayError(msg)
        if known is None:
            cursor.execute(sql.SQL("CREATE ROLE {reader}").format(**words))
        for right in _RIGHTS:
            cursor.execute(sql.SQL(right).format(**words))
    finally:
        cursor.close()
    return known is None
