"""Writes everything again from the first entry that is still there, beside the running writers.

It has cursors of its own, so an interrupted one goes on where it was, and one that came to its end
begins anew the next time. Writing a point again changes nothing.
"""

from collections.abc import Callable

from ingest.influx.delivery import StoppedError
from ingest.influx.service import InfluxService

Say = Callable[[str, int, int], None]
"""Told after every page: the feed, its position now, and where it will end."""


class BackfillStoppedError(Exception):
    """The server takes nothing until somebody mends it; what is written stays written."""


def backfill(service: InfluxService, say: Say) -> None:
    """Write all feeds of ``service``, which is open and not started, up to what is there now.

    Raises :class:`BackfillStoppedError` when the server closes its door.
    """
    for name, writer in service.writers.items():
        end = writer.newest_position()
        try:
            while (position := writer.position()) < end and writer.step():
                say(name, writer.position(), end)
        except StoppedError:
            raise BackfillStoppedError(writer.sink.trouble) from None
        if position < end:
            say(name, end, end)
        writer.begin_anew()
