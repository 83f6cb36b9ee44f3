"""What this part counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class VisionMetrics:
    """Counters of the edge's side: the child's snapshots, its restarts, results on their way."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.snapshots = Counter(
            "huanwei_vision_snapshots_total",
            "Snapshots by outcome: judged, fetch_*, unreadable_*, failed, crashed_reader,"
            " turn_skipped.",
            ["outcome"],
            registry=registry,
        )
        self.child_starts = Counter(
            "huanwei_vision_child_starts_total",
            "Starts of the process that opens pictures.",
            registry=registry,
        )
        self.results_dropped = Counter(
            "huanwei_vision_results_dropped_total",
            "Verdicts or pictures given up, by reason.",
            ["reason"],
            registry=registry,
        )
        self.results_waiting = Gauge(
            "huanwei_vision_results_waiting",
            "Results that the gateway has not yet taken.",
            registry=registry,
        )


class PhotoMetrics:
    """Counters of the centre's side: photos that people sent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.photos = Counter(
            "huanwei_vision_photos_total",
            "Photos by outcome: admitted or the reason of refusal.",
            ["outcome"],
            registry=registry,
        )
