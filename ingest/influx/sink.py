"""The seam to the server: bodies of lines go in, and four errors say what the writer can do."""

from typing import Protocol


class SinkBusyError(Exception):
    """The server cannot take anything now (429, 5xx, time-out, no connection): come again.

    ``retry_after_s`` is what the server asked for, None when it did not.
    """

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class LinesRefusedError(Exception):
    """Lines of this body are refused for ever (400, 422).

    ``dropped`` is how many, when the server says so: then all others are written. None: it is not
    known, and nothing may be written.
    """

    def __init__(self, detail: str, *, dropped: int | None = None) -> None:
        super().__init__(detail)
        self.dropped = dropped


class BodyTooLargeError(Exception):
    """The body is larger than the server takes (413): send less at once."""


class SinkClosedError(Exception):
    """Nothing gets in until somebody mends it: wrong token, no such bucket, another server."""


class LineSink(Protocol):
    """Takes line protocol with times in nanoseconds."""

    def write(self, bucket: str, body: bytes) -> None:
        """Return when every line of ``body`` is written; raise one of the four errors above."""
        ...
