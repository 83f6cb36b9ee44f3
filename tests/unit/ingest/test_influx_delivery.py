import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from ingest.influx.delivery import PatientSink, StoppedError, deliver
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.refusals import PointRefusal
from ingest.influx.sink import LinesRefusedError, SinkBusyError, SinkClosedError
from tests.fakes.influx_rig import RecordingWait
from tests.fakes.memory_sink import MemorySink

SIZES = st.integers(1, 300)


def numbered(count: int) -> list[bytes]:
    return [b"line %d" % n for n in range(count)]


def into(sink: MemorySink) -> Callable[[bytes], None]:
    return lambda body: sink.write("raw", body)


def patient(
    sink: MemorySink, wait: RecordingWait, *, ends_when_closed: bool = False
) -> tuple[PatientSink, CollectorRegistry]:
    registry = CollectorRegistry()
    return PatientSink(
        sink=sink,
        bucket="raw",
        wait=wait,
        rng=random.Random(1),
        metrics=InfluxMetrics(registry),
        ends_when_closed=ends_when_closed,
    ), registry


@given(count=SIZES, chosen=st.data())
def test_only_the_offenders_are_refused_and_each_costs_few_requests(
    count: int, chosen: st.DataObject
) -> None:
    lines = numbered(count)
    bad = chosen.draw(st.sets(st.sampled_from(lines), max_size=6))
    sink = MemorySink(unparsable=bad)
    refused = deliver(into(sink), b"\n".join(lines))
    assert [point.content for point in refused] == [line for line in lines if line in bad]
    assert sink.written == set(lines) - bad
    assert len(sink.bodies) <= 1 + len(bad) * (math.ceil(math.log2(count)) + 1)


@given(count=SIZES, chosen=st.data())
def test_lines_that_the_server_drops_alone_are_found_as_well(
    count: int, chosen: st.DataObject
) -> None:
    lines = numbered(count)
    conflicting = chosen.draw(st.sets(st.sampled_from(lines), max_size=4))
    unparsable = chosen.draw(st.sets(st.sampled_from(lines), max_size=2))
    sink = MemorySink(conflicting=conflicting, unparsable=unparsable)
    refused = deliver(into(sink), b"\n".join(lines))
    assert {point.content for point in refused} == conflicting | unparsable
    assert sink.written == set(lines) - conflicting - unparsable


def test_a_body_of_which_nothing_is_taken_is_refused_in_one_request() -> None:
    lines = numbered(5_000)
    sink = MemorySink(conflicting=lines)
    refused = deliver(into(sink), b"\n".join(lines))
    assert len(refused) == 5_000
    assert {point.reason for point in refused} == {PointRefusal.TYPE_CONFLICT}
    assert len(sink.bodies) == 1


def test_a_body_that_is_too_large_is_split_until_it_fits() -> None:
    lines = [*numbered(50), b"x" * 200]
    sink = MemorySink(most_bytes=100)
    (refused,) = deliver(into(sink), b"\n".join(lines))
    assert refused.reason is PointRefusal.TOO_LARGE
    assert refused.content == lines[-1]
    assert sink.written == set(lines[:-1])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("400: unable to parse 'm v=': missing field", PointRefusal.UNPARSABLE_LINE),
        ("422: partial write: field type conflict: input", PointRefusal.TYPE_CONFLICT),
        ("422: dropped 1 points outside retention policy", PointRefusal.BEYOND_RETENTION),
        ("422: words of another version", PointRefusal.REFUSED),
    ],
)
def test_a_dead_letter_says_why_in_a_word_of_ours(words: str, reason: PointRefusal) -> None:
    def refuse(_body: bytes) -> None:
        raise LinesRefusedError(words)

    (refused,) = deliver(refuse, b"m v=1")
    assert (refused.reason, refused.detail) == (reason, words)


def test_a_busy_server_is_asked_again_ever_more_rarely_until_it_takes_the_body() -> None:
    wait = RecordingWait()
    sink = MemorySink(failures=[SinkBusyError("503: away")] * 9)
    carrier, registry = patient(sink, wait)
    carrier.write(b"line")
    assert sink.written == {b"line"}
    for n, waited in enumerate(wait.waits):
        longest = min(0.5 * 2**n, 30.0)
        assert longest / 2 <= waited <= longest
    assert (carrier.trouble, carrier.closed) == ("", False)
    assert registry.get_sample_value("huanwei_influx_requests_total", {"outcome": "busy"}) == 9


def test_the_server_says_how_long_to_wait() -> None:
    wait = RecordingWait()
    failures = [
        SinkBusyError("429", retry_after_s=17.0),
        SinkBusyError("429", retry_after_s=86_400.0),
    ]
    carrier, _ = patient(MemorySink(failures=failures), wait)
    carrier.write(b"line")
    assert wait.waits == [17.0, 300.0]


def test_a_closed_server_is_asked_once_in_thirty_seconds_and_somebody_is_told() -> None:
    sink = MemorySink(failures=[SinkClosedError("401: unauthorized access")] * 3)
    seen: list[tuple[bool, str, float | None]] = []
    wait = RecordingWait()
    carrier, registry = patient(sink, wait)

    def gauge() -> float | None:
        return registry.get_sample_value("huanwei_influx_closed", {"bucket": "raw"})

    wait.on_wait = lambda: seen.append((carrier.closed, carrier.trouble, gauge()))
    carrier.write(b"line")
    assert wait.waits == [30.0] * 3
    assert seen == [(True, "401: unauthorized access", 1.0)] * 3
    assert (carrier.closed, gauge()) == (False, 0.0)


def test_waiting_ends_when_the_writer_stops() -> None:
    carrier, _ = patient(MemorySink(failures=[SinkBusyError("away")] * 9), RecordingWait(most=2))
    with pytest.raises(StoppedError):
        carrier.write(b"line")


def test_a_backfill_does_not_wait_at_a_closed_door() -> None:
    wait = RecordingWait()
    carrier, _ = patient(
        MemorySink(failures=[SinkClosedError("404: bucket")]), wait, ends_when_closed=True
    )
    with pytest.raises(StoppedError):
        carrier.write(b"line")
    assert wait.waits == []
    assert carrier.trouble == "404: bucket"
