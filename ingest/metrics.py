"""What ingest counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ingest.quality_counts import CountKind, QualityKey
from ingest.reasons import RefusalReason, Suspicion


class IngestMetrics:
    """The counters of one ingest process, registered in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"huanwei_ingest_{name}_total", text, labels, registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"huanwei_ingest_{name}", text, registry=registry)

        self.records = counter(
            "records", "Records judged, by outcome: accepted, late, duplicate.", "outcome"
        )
        self.refused = counter("refused", "Kept in dead letters, by reason.", "reason")
        for reason in RefusalReason:
            self.refused.labels(reason)  # there from the start, so that its first rise is seen
        self.suspicious = counter(
            "suspicious", "Records that are hard to believe, but kept, by reason.", "reason"
        )
        for suspicion in Suspicion:
            self.suspicious.labels(suspicion)
        self.gaps = counter("sequence_gaps", "Gaps in the sequence of a gateway's spool.")
        self.lost = counter("lost_sequences", "Sequences that no gateway holds any longer.")
        self.batches = counter("batches", "Batches received.")
        self.pictures = counter("pictures", "Pictures stored.")
        self.unstored_pictures = counter(
            "unstored_pictures", "Pictures that the store could not take; they come again."
        )
        self.rounds = counter("rounds", "Transactions committed.")
        self.failed_rounds = counter("failed_rounds", "Rounds that could not be committed.")
        self.failed_beginnings = counter(
            "failed_beginnings", "Tries of a stand-by to begin that failed for a cause of its own."
        )
        self.poisonous = counter("poisonous_messages", "Messages that ingest itself failed on.")
        self.postponed = counter("postponed_batches", "Batches of a gateway with too many gaps.")
        self.dropped = counter("dropped_messages", "Messages without room in an inbox.", "inbox")
        self.ignored = counter("ignored_messages", "Messages that are none of ours.", "cause")
        self.unsent_acks = counter("unsent_acks", "Acks that no connection took.")
        self.letters_trimmed = counter("dead_letters_trimmed", "Dead letters given up for room.")
        self.journal_trimmed = counter("journal_trimmed", "Journal entries beyond retention.")
        self.unread_cursors = counter(
            "unread_cursors", "Trimmings put off: a reader's cursor could not be read."
        )
        self.series_failures = counter("series_failures", "Failed writes of the time series.")
        self.series_too_old = counter(
            "series_too_old_records", "Left out of the series: their day is no longer kept."
        )
        self.pictures_removed = counter("pictures_removed", "Pictures beyond retention.")
        self.round_seconds = Histogram(
            "huanwei_ingest_round_seconds",
            "From taking the waiting messages to their commit.",
            buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
            registry=registry,
        )
        self.lag = gauge(
            "lag_seconds", "Business time from gateway to journal, last record of the last round."
        )
        self.waiting = gauge("waiting_bytes", "Bytes waiting in the inboxes.")
        self.in_bulk = gauge(
            "reads_in_bulk", "1: many MQTT messages a read; 0: one by one, paho is not as known."
        )
        self.series_backlog = gauge(
            "series_backlog_entries", "Journal entries the time series does not have yet."
        )

    def count_quality(self, key: QualityKey, times: int) -> None:
        """Count what is not counted as a letter or an outcome already."""
        match key.kind:
            case CountKind.SUSPICIOUS:
                self.suspicious.labels(key.reason).inc(times)
            case CountKind.GAP:
                self.gaps.inc(times)
            case CountKind.LOST:
                self.lost.inc(times)
            case CountKind.REFUSED | CountKind.LATE:
                pass
