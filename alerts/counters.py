"""Numbers that count up inside a transaction: a number rolled back is given again."""

from sqlalchemy import Connection, insert, select, update

from alerts.schema import counters


def next_number(connection: Connection, name: str) -> int:
    """Return the next number of that name, from 1."""
    known = connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar()
    if known is None:
        connection.execute(insert(counters).values(name=name, value=1))
        return 1
    connection.execute(update(counters).where(counters.c.name == name).values(value=known + 1))
    return int(known) + 1
