"""What the alerts part counts and measures."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_PREFIX = "huanwei_alerts"
_SECONDS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)


class SkipReason(StrEnum):
    """Why an entry of the journal was not evaluated."""

    UNKNOWN_DEVICE = "unknown_device"
    LATE = "late"
    FAILED = "failed"


class AlertMetrics:
    """Counters and gauges of evaluation, cases and delivery, under ``huanwei_alerts_``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.entries = Counter(f"{_PREFIX}_entries", "Journal entries evaluated", registry=registry)
        self._skipped = Counter(
            f"{_PREFIX}_entries_skipped", "Entries not evaluated", ["reason"], registry=registry
        )
        self._fired = Counter(f"{_PREFIX}_fired", "Alerts fired", ["subject"], registry=registry)
        self._resolved = Counter(
            f"{_PREFIX}_resolved", "Alerts resolved", ["subject"], registry=registry
        )
        self._ground_checks = Counter(
            f"{_PREFIX}_ground_checks", "Ground checks ended", ["result"], registry=registry
        )
        self._verifications = Counter(
            f"{_PREFIX}_verifications", "Cases verified by machine", ["result"], registry=registry
        )
        self._messages = Counter(
            f"{_PREFIX}_messages",
            "Attempts to deliver a message",
            ["channel", "outcome"],
            registry=registry,
        )
        self.digests = Counter(
            f"{_PREFIX}_digests", "Posts that told several messages", registry=registry
        )
        self.held_back = Counter(
            f"{_PREFIX}_held_back",
            "Looks at which messages waited because their address takes no more now",
            registry=registry,
        )
        self.failures = Counter(
            f"{_PREFIX}_evaluation_failures", "Transactions rolled back", registry=registry
        )
        self.lag = Gauge(
            f"{_PREFIX}_journal_lag_entries", "Entries not yet evaluated", registry=registry
        )
        self.batch_seconds = Histogram(
            f"{_PREFIX}_batch_seconds", "One evaluation", buckets=_SECONDS, registry=registry
        )
        self.send_seconds = Histogram(
            f"{_PREFIX}_send_seconds", "One delivery", buckets=_SECONDS, registry=registry
        )

    def skipped(self, reason: SkipReason) -> None:
        """Count an entry that was not evaluated."""
        self._skipped.labels(reason=str(reason)).inc()

    def fired(self, subject: StrEnum) -> None:
        """Count an alert."""
        self._fired.labels(subject=str(subject)).inc()

    def resolved(self, subject: StrEnum) -> None:
        """Count an alert's end."""
        self._resolved.labels(subject=str(subject)).inc()

    def ground_check(self, result: str) -> None:
        """Count a ground check that ended, or could not be begun (``no_camera``)."""
        self._ground_checks.labels(result=result).inc()

    def verified(self, result: StrEnum) -> None:
        """Count a decision on a case."""
        self._verifications.labels(result=str(result)).inc()

    def message(self, channel: StrEnum, outcome: str, *, count: int = 1) -> None:
        """Count attempts to deliver, of a digest one for each message in it."""
        self._messages.labels(channel=str(channel), outcome=outcome).inc(count)
