"""The bookkeeping of quality on PostgreSQL as other processes read it: read-only."""

from sqlalchemy import URL, BigInteger, cast, func, select

from ingest.device_quality import QualityBook, QualityRows
from ingest.postgres.schema import SCHEMA, device_hours, quality_counts, uplinks
from storage.postgres import reading_engine


class PostgresDeviceQualities(QualityBook):
    """The book over the district's journal. Raises ``DatabaseUnavailableError`` in an outage."""

    def __init__(self, url: URL | str) -> None:
        super().__init__(self._rows)
        self._engine = reading_engine(url, schema=SCHEMA)

    def close(self) -> None:
        """Close the connections; asking opens one again."""
        self._engine.dispose()

    def _rows(self, first: int, last: int) -> QualityRows:
        hours, counts = device_hours.c, quality_counts.c
        key = (counts.gateway_id, counts.device_id, counts.kind, counts.reason)
        counted = (
            select(*key, cast(func.sum(counts.times), BigInteger))
            .where(counts.hour > first, counts.hour <= last)
            .group_by(*key)
        )
        told = select(hours.hour, hours.device_id, hours.usable, hours.least_offset_us).where(
            hours.hour >= first, hours.hour <= last
        )
        with self._engine.connect() as connection:
            return QualityRows(
                first_hour=connection.execute(select(func.min(hours.hour))).scalar(),
                hours=[tuple(row) for row in connection.execute(told)],
                counts=[tuple(row) for row in connection.execute(counted)],
                missing=[
                    tuple(row)
                    for row in connection.execute(select(uplinks.c.gateway_id, uplinks.c.missing))
                ],
            )
