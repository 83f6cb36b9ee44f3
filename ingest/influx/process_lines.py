"""What our processes count about themselves, as points: the same names as in ``/metrics``.

So that a district without a Prometheus sees rates, lags and backlogs too.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample

from ingest.influx.lines import line
from ingest.instants import to_us

PREFIX = "huanwei_"
REFUSED = "huanwei_ingest_refused_total"
_PARTS_OF_A_HISTOGRAM = ("_bucket", "_created")


def process_lines(
    registry: CollectorRegistry, *, process: str, at: datetime, more: Mapping[str, float]
) -> list[bytes]:
    """Return one point of the process, and one of each reason that has refused a record.

    Values that differ by label only are added up: a field for each would grow with the labels.
    ``more`` are further fields, such as the room on its disk.
    """
    sums: dict[str, float] = defaultdict(float)
    refused: dict[str, float] = {}
    for sample in _samples(registry):
        sums[sample.name.removeprefix(PREFIX)] += sample.value
        if sample.name == REFUSED:
            refused[sample.labels["reason"]] = sample.value
    at_ns = to_us(at) * 1000
    lines = [line("process", {"process": process}, {**sums, **more}, at_ns)]
    lines += [
        line("refused", {"process": process, "reason": reason}, {"total": total}, at_ns)
        for reason, total in refused.items()
    ]
    return lines


def _samples(registry: CollectorRegistry) -> list[Sample]:
    return [
        sample
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name.startswith(PREFIX) and not sample.name.endswith(_PARTS_OF_A_HISTOGRAM)
    ]
