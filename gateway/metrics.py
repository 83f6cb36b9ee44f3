"""What the gateway counts. Labels are codes of ours, so they are bounded."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class GatewayMetrics:
    """All counters and gauges of one gateway, in the registry it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter(
            "huanwei_gateway_received",
            "Messages that arrived at the device door",
            ["source"],
            registry=registry,
        )
        self.accepted = Counter(
            "huanwei_gateway_accepted",
            "Records accepted, that is committed to the spool",
            ["kind"],
            registry=registry,
        )
        self.refused = Counter(
            "huanwei_gateway_refused",
            "Device messages that can never become a record",
            ["source", "reason"],
            registry=registry,
        )
        self.ignored = Counter(
            "huanwei_gateway_ignored",
            "Messages passed over: retained ones, foreign or unreadable acks, a full inbox",
            ["what"],
            registry=registry,
        )
        self.not_accepted = Counter(
            "huanwei_gateway_not_accepted",
            "Times the spool had no room; devices' messages stay with the broker meanwhile",
            registry=registry,
        )
        self.spooled_records = Gauge(
            "huanwei_gateway_spooled_records", "Records that wait for ingest", registry=registry
        )
        self.spooled_pictures = Gauge(
            "huanwei_gateway_spooled_pictures", "Pictures that wait for ingest", registry=registry
        )
        self.pictures_dropped = Counter(
            "huanwei_gateway_pictures_dropped",
            "Pictures pushed out by newer ones before ingest had them",
            registry=registry,
        )
        self.batches_sent = Counter(
            "huanwei_gateway_batches_sent",
            "Batches handed to the broker",
            ["again"],
            registry=registry,
        )
        self.pictures_sent = Counter(
            "huanwei_gateway_pictures_sent", "Pictures handed to the broker", registry=registry
        )
        self.records_confirmed = Counter(
            "huanwei_gateway_records_confirmed",
            "Records that ingest has committed",
            registry=registry,
        )
        self.timeouts = Counter(
            "huanwei_gateway_timeouts",
            "Batches that were not acknowledged in time",
            registry=registry,
        )
        self.window = Gauge(
            "huanwei_gateway_window", "Batches that may be unacknowledged", registry=registry
        )
        self.probes_lost = Counter(
            "huanwei_gateway_probes_lost",
            "Times nothing came back through the device door, and it subscribed anew",
            ["source"],
            registry=registry,
        )
        self.failures = Counter(
            "huanwei_gateway_failures",
            "Unexpected errors that a loop has survived",
            ["loop"],
            registry=registry,
        )
