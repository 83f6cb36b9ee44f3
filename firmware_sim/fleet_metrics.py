"""What the fleet of simulated sensors counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class FleetMetrics:
    """Counters of the fleet; labels are the scenario's fault kinds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sent = Counter(
            "huanwei_firmware_sim_frames_sent_total",
            "Frames handed to the connection to the broker.",
            registry=registry,
        )
        self.withheld = Counter(
            "huanwei_firmware_sim_frames_withheld_total",
            "Frames that a simulated fault kept from being sent.",
            registry=registry,
        )
        self.dropped = Counter(
            "huanwei_firmware_sim_frames_dropped_total",
            "Frames dropped, oldest first, because the broker was away for too long.",
            registry=registry,
        )
        self.waiting = Gauge(
            "huanwei_firmware_sim_frames_waiting",
            "Frames that wait for the broker.",
            registry=registry,
        )
        self.failures = Counter(
            "huanwei_firmware_sim_fleet_failures_total",
            "Rounds of the fleet's loop that ended in an unexpected error.",
            registry=registry,
        )
