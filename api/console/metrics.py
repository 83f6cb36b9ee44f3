"""What the console counts about itself."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter


class ConsoleFailure(StrEnum):
    """What went wrong for readers; the console goes on."""

    STORES = "stores"
    PAGE = "page"
    REFRESH = "refresh"


class ConsoleMetrics:
    """The console's counters; every label has few, known values."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._failures = Counter(
            "huanwei_console_failures",
            "Looks at the stores, pages told of news, and refreshes of a page that failed.",
            ("what",),
            registry=registry,
        )

    def failed(self, what: ConsoleFailure) -> None:
        """Count a failure."""
        self._failures.labels(what).inc()
