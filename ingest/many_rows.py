"""Inserting many rows with few statements: half the cost of a row for narrow ones (measured)."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

Row = Sequence[Any]

_ROWS_A_STATEMENT, _FEW_ROWS = 50, 4


class ManyRows:
    """``INSERT INTO {table}`` rows of ``columns`` values each; ``then`` is what follows them."""

    def __init__(self, table: str, *, columns: int, then: str) -> None:
        row = f"({', '.join('?' * columns)})"
        begin = f"INSERT INTO {table} VALUES "  # noqa: S608  a constant of the caller
        self._one = f"{begin}{row} {then}"
        self._many = f"{begin}{', '.join([row] * _ROWS_A_STATEMENT)} {then}"

    def insert(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
        """Insert the rows in their order; return how many rows that changed."""
        in_many = len(rows) // _ROWS_A_STATEMENT * _ROWS_A_STATEMENT
        changed = 0
        for start in range(0, in_many, _ROWS_A_STATEMENT):
            values = list(chain.from_iterable(rows[start : start + _ROWS_A_STATEMENT]))
            changed += connection.execute(self._many, values).rowcount
        return changed + max(0, connection.executemany(self._one, rows[in_many:]).rowcount)

    def insert_new(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> Sequence[Row]:
        """Insert the rows; return those that were not there yet (``then`` does nothing with those).

        Repetitions are rare, so all are inserted at once, and one by one only where some were
        known.
        """
        if len(rows) < _FEW_ROWS:
            return self._new_one_by_one(connection, rows)
        connection.execute("SAVEPOINT at_once")
        if self.insert(connection, rows) == len(rows):
            connection.execute("RELEASE at_once")
            return rows
        connection.execute("ROLLBACK TO at_once")
        connection.execute("RELEASE at_once")
        return self._new_one_by_one(connection, rows)

    def _new_one_by_one(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> Sequence[Row]:
        return [row for row in rows if connection.execute(self._one, row).rowcount]
