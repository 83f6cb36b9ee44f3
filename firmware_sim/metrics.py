"""What the simulator counts of its own doing."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class PagesMetrics:
    """Counters of cameras, phones and crews; labels are fixed words, never ids from outside."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.snapshots = Counter(
            "huanwei_firmware_sim_snapshots_total",
            "Snapshots asked of simulated cameras, by what the camera answered.",
            ["answer"],
            registry=registry,
        )
        self.render_s = Histogram(
            "huanwei_firmware_sim_render_seconds",
            "Time to draw and encode one snapshot.",
            buckets=(0.002, 0.004, 0.006, 0.01, 0.02, 0.05, 0.1),
            registry=registry,
        )
        self.messages = Counter(
            "huanwei_firmware_sim_phone_messages_total",
            "Messages posted to simulated phones, by what became of them.",
            ["result"],
            registry=registry,
        )
        self.crew_steps = Counter(
            "huanwei_firmware_sim_crew_steps_total",
            "Steps that simulated crews took on their task pages.",
            ["step"],
            registry=registry,
        )
        self.crew_retries = Counter(
            "huanwei_firmware_sim_crew_retries_total",
            "Requests of simulated crews that will be tried again, by reason.",
            ["reason"],
            registry=registry,
        )
        self.crew_dropped = Counter(
            "huanwei_firmware_sim_crew_dropped_total",
            "Tasks that simulated crews gave up, by reason.",
            ["reason"],
            registry=registry,
        )
        self.refused_requests = Counter(
            "huanwei_firmware_sim_refused_requests_total",
            "Requests to the simulator's pages that were refused, by reason.",
            ["reason"],
            registry=registry,
        )
