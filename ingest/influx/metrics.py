"""What the InfluxDB writers count."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class InfluxMetrics:
    """The counters of the writers of one process, registered in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"huanwei_influx_{name}_total", text, labels, registry=registry)

        def gauge(name: str, text: str, label: str) -> Gauge:
            return Gauge(f"huanwei_influx_{name}", text, (label,), registry=registry)

        self.lines = counter("lines", "Points written, by feed.", "feed")
        self.refused = counter("refused", "Points kept in dead letters, by reason.", "reason")
        self.requests = counter(
            "requests", "Writes, by outcome: written, refused, busy, closed.", "outcome"
        )
        self.failures = counter("failures", "Rounds that failed in an unforeseen way.", "feed")
        self.letters_trimmed = counter("dead_letters_trimmed", "Dead letters given up for room.")
        self.backlog = gauge("backlog_entries", "Entries InfluxDB does not have yet.", "feed")
        self.closed = gauge("closed", "1: nothing gets in until somebody mends it.", "bucket")
