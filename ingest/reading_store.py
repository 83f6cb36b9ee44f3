"""Where new readings go: into blocks in a backlog, else into rows of ``fill``."""

import sqlite3

import numpy as np

from ingest.many_rows import ManyRows
from ingest.newest_readings import Heard
from ingest.reading_blocks import are_in_blocks, put_blocks
from ingest.reading_columns import ReadingColumns, columns_of_rows

_FILL = ManyRows("fill", columns=3, then="ON CONFLICT DO NOTHING")


def keep_readings(
    connection: sqlite3.Connection, readings: ReadingColumns, heard: Heard, *, in_blocks: bool
) -> list[ReadingColumns]:
    """Keep the readings that are new, and return those; of an identity the first stays.

    None may belong to a sealed day. ``in_blocks``: what is certainly new may go into blocks.
    """
    kept, in_rows = [], np.ones(len(readings), dtype=bool)
    if in_blocks:
        certain = heard.by_device[heard.certain[heard.by_device]]
        put = certain[put_blocks(connection, readings.at(certain))]
        kept.append(readings.at(put))
        in_rows[put] = False
    doubtful = (~heard.certain).nonzero()[0]
    if len(doubtful):
        in_rows[doubtful] = ~are_in_blocks(connection, readings.at(doubtful))
    new = _FILL.insert_new(connection, readings.at(in_rows).rows())
    return [*kept, columns_of_rows(new)]
