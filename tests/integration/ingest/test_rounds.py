"""Rounds over a real journal: what is judged, committed, counted and acknowledged."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.reasons import RefusalReason
from ingest.round_builder import MOST_GAPS
from tests.fakes.ingest_rig import IngestRig
from tests.fakes.ingest_samples import (
    BOOT,
    GATEWAY,
    OTHER_BOOT,
    OTHER_GATEWAY,
    batch,
    emptied_record,
    fill_record,
    sample_registry,
    series_of_records,
)
from tests.fakes.manual_clock import START
from wire.acks import Ack

MINUTE = timedelta(minutes=1)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[IngestRig]:
    with IngestRig(tmp_path) as rig:
        yield rig


def test_a_batch_is_journalled_in_order_and_acknowledged(rig: IngestRig) -> None:
    records = series_of_records(3)
    acks = rig.receive(batch({1: records[0], 2: records[1], 3: records[2]}))
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=3))]
    assert rig.records() == records
    assert [entry.uplink_id.sequence for entry in rig.entries()] == [1, 2, 3]
    assert rig.entries()[0].received_at == START
    assert rig.counted("records_total", outcome="accepted") == 3


def test_several_batches_of_a_round_make_one_transaction_and_one_ack_per_spool(
    rig: IngestRig,
) -> None:
    first, second, third = series_of_records(3)
    acks = rig.receive(batch({1: first}), batch({2: second}), batch({1: third}, boot_id=OTHER_BOOT))
    assert acks == [
        (GATEWAY, Ack(boot_id=BOOT, through=2)),
        (GATEWAY, Ack(boot_id=OTHER_BOOT, through=1)),
    ]
    assert rig.counted("rounds_total") == 1
    assert rig.counted("batches_total") == 3


def test_a_bad_record_goes_to_dead_letters_alone_and_is_acknowledged(rig: IngestRig) -> None:
    good = fill_record()
    acks = rig.receive(
        batch(
            {
                1: b"{",
                2: good,
                3: fill_record(device_id="sensor-999"),
                4: fill_record(at=START + 60 * MINUTE),
                5: b'{"v":1,"device_id":"sensor-000","observed_at":"2026-03-02T22:30:00Z",'
                b'"gateway_at":"2026-03-02T22:30:00Z","values":{"kind":"fill",'
                b'"measurement_quality":"accepted","filling_level":NaN}}',
            }
        )
    )
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=5))]
    assert rig.records() == [good]
    assert [(letter.reason, letter.sequence) for letter in rig.letters()] == [
        (RefusalReason.UNREADABLE_RECORD, 1),
        (RefusalReason.UNKNOWN_DEVICE, 3),
        (RefusalReason.OBSERVED_IN_FUTURE, 4),
        (RefusalReason.UNREADABLE_RECORD, 5),
    ]
    assert rig.counted("refused_total", reason="unreadable_record") == 2


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00",
        b"[" * 200_000,
        b'{"v":1' + b'{"a":' * 5_000,
        b"x" * (256 * 1024 + 1),
        b'{"v":1,"gateway_id":"gateway-1","boot_id":"../../etc","oldest":1,"count":1}\n1 {}',
        b'{"v":1,"gateway_id":"gateway-1","boot_id":"00aa","oldest":1,"count":2}\n1 {}',
        b'{"v":1,"gateway_id":"gateway-1","boot_id":"00aa","oldest":5,"count":1}\n1 {}',
        b"\xff\xfe" + b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_an_unreadable_batch_harms_no_other_batch_of_its_round(
    rig: IngestRig, payload: bytes
) -> None:
    acks = rig.receive(payload, batch({1: fill_record()}))
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=1))]
    (letter,) = rig.letters()
    assert letter.reason is RefusalReason.UNREADABLE_BATCH
    assert letter.size == len(payload)
    assert rig.records() == [fill_record()]


def test_the_same_garbage_again_is_one_letter_that_counts(rig: IngestRig) -> None:
    for _ in range(3):
        rig.receive(b"garbage")
        rig.clock.advance(seconds=10)
    (letter,) = rig.letters()
    assert letter.times == 3
    assert letter.received_at - letter.first_received_at == timedelta(seconds=20)


def test_a_batch_on_another_gateways_topic_is_refused_unread(rig: IngestRig) -> None:
    assert rig.receive(batch({1: fill_record()}), gateway_id=OTHER_GATEWAY) == []
    (letter,) = rig.letters()
    assert (letter.reason, letter.gateway_id) == (RefusalReason.ID_MISMATCH, OTHER_GATEWAY)
    assert rig.entries() == []


def test_a_resend_is_counted_as_duplicate_and_acknowledged_again(rig: IngestRig) -> None:
    payload = batch({1: fill_record(), 2: fill_record(1)})
    rig.receive(payload)
    rig.reopen()
    assert rig.receive(payload) == [(GATEWAY, Ack(boot_id=BOOT, through=2))]
    assert len(rig.entries()) == 2
    assert rig.letters() == []
    assert rig.counted("records_total", outcome="duplicate") == 2


def test_a_device_message_heard_twice_by_its_gateway_is_a_duplicate(rig: IngestRig) -> None:
    again = fill_record(gateway_at=START + MINUTE)
    rig.receive(batch({1: fill_record(), 2: again}))
    rig.receive(batch({3: again}))
    assert rig.records() == [fill_record()]
    assert rig.letters() == []
    assert rig.counted("records_total", outcome="duplicate") == 2


def test_other_content_under_a_stores_identity_is_a_conflict_and_kept(rig: IngestRig) -> None:
    other = fill_record(level=0.9)
    acks = rig.receive(batch({1: fill_record(), 2: other}))
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=2))]
    (letter,) = rig.letters()
    assert letter.reason is RefusalReason.CONFLICT
    assert (letter.boot_id, letter.sequence) == (BOOT, 2)
    assert b"0.9" in letter.payload
    assert rig.records() == [fill_record()]
    assert rig.counted("refused_total", reason="conflict") == 1


def test_a_spool_put_back_from_a_copy_is_noticed_and_its_records_are_kept(
    rig: IngestRig,
) -> None:
    """A gateway restored from a backup uses sequences again that ingest has acknowledged."""
    rig.receive(batch({1: fill_record(), 2: fill_record(1)}))
    reused = fill_record(2, at=START + MINUTE)
    rig.receive(batch({2: reused}))
    (letter,) = rig.letters()
    assert (letter.reason, letter.sequence) == (RefusalReason.CONFLICT, 2)
    assert len(rig.entries()) == 2


def test_a_lost_batch_is_named_missing_until_it_comes(rig: IngestRig) -> None:
    records = series_of_records(4)
    rig.receive(batch({1: records[0]}))
    acks = rig.receive(batch({4: records[3]}))
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=4, missing=((2, 3),)))]
    rig.reopen()
    acks = rig.receive(batch({2: records[1], 3: records[2]}))
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=4))]
    assert sorted(r.observed_at for r in rig.records()) == [r.observed_at for r in records]


def test_a_new_journal_does_not_ask_for_what_the_gateway_no_longer_holds(rig: IngestRig) -> None:
    acks = rig.receive(batch({5_000: fill_record()}, oldest=5_000))
    assert acks == [(GATEWAY, Ack(boot_id=BOOT, through=5_000))]


def test_a_gateway_with_too_many_gaps_waits_and_loses_nothing(tmp_path: Path) -> None:
    with IngestRig(tmp_path, registry=sample_registry()) as rig:
        at = {n: fill_record(at=START + timedelta(milliseconds=n)) for n in range(1, 2_400)}
        odd = [n for n in at if n % 2 == 1][: MOST_GAPS + 1]
        for start in range(0, len(odd), 250):
            rig.receive(batch({n: at[n] for n in odd[start : start + 250]}))
        beyond = odd[-1] + 2
        assert rig.receive(batch({beyond: at[beyond]})) == []
        assert rig.counted("postponed_batches_total") == 1
        rig.receive(batch({2: at[2]}))
        assert rig.receive(batch({beyond: at[beyond]})) != []


def test_an_old_record_is_late_but_the_newest_of_a_backlog_sets_the_state(
    rig: IngestRig,
) -> None:
    rig.receive(
        batch(
            {
                1: fill_record(at=START - 60 * MINUTE),
                2: fill_record(at=START - 50 * MINUTE),
                3: fill_record(at=START - 55 * MINUTE),
            }
        )
    )
    assert [(entry.late, entry.sets_state) for entry in rig.entries()] == [
        (True, True),
        (True, True),
        (True, False),
    ]
    assert rig.counted("records_total", outcome="late") == 3


def test_the_newest_times_survive_a_restart(rig: IngestRig) -> None:
    rig.receive(batch({1: fill_record(at=START + 5 * MINUTE), 2: emptied_record(1)}))
    rig.reopen()
    rig.receive(batch({3: fill_record(at=START - 6 * MINUTE), 4: emptied_record(1, at=START)}))
    (*_, entry) = rig.entries()
    assert (entry.late, entry.sets_state) == (True, False)


def test_an_event_and_a_reading_of_one_time_are_two_records(rig: IngestRig) -> None:
    rig.receive(batch({1: fill_record(), 2: emptied_record()}))
    assert [entry.sets_state for entry in rig.entries()] == [True, True]


def test_a_round_that_cannot_be_committed_leaves_nothing_and_may_be_repeated(
    rig: IngestRig,
) -> None:
    rig.receive(batch({1: fill_record()}))
    connection = rig.sqlite
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON newest BEGIN SELECT raise(ABORT, 'x'); END"
    )
    payload = batch({2: fill_record(1), 3: b"bad"})
    with pytest.raises(sqlite3.IntegrityError):
        rig.receive(payload)
    assert len(rig.entries()) == 1
    assert rig.letters() == []
    connection.execute("DROP TRIGGER full")
    assert rig.receive(payload) == [(GATEWAY, Ack(boot_id=BOOT, through=3))]
    assert len(rig.entries()) == 2
    assert rig.counted("records_total", outcome="duplicate") == 0


def test_a_full_disk_acknowledges_nothing_and_a_resend_makes_it_good(rig: IngestRig) -> None:
    rig.receive(batch({1: fill_record()}))
    connection = rig.sqlite
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    records = dict(enumerate(series_of_records(401)[1:], 2))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        rig.receive(batch(records))
    assert len(rig.entries()) == 1
    connection.execute("PRAGMA max_page_count = 1000000")
    assert rig.receive(batch(records)) == [(GATEWAY, Ack(boot_id=BOOT, through=401))]
    assert len(rig.entries()) == 401
    assert rig.counted("records_total", outcome="duplicate") == 0


def test_a_device_that_moves_to_another_gateway_is_judged_by_the_new_registry(
    rig: IngestRig,
) -> None:
    rig.receive(batch({1: fill_record(4)}))
    assert [letter.reason for letter in rig.letters()] == [RefusalReason.FOREIGN_GATEWAY]
    rig.registry.replace(sample_registry(sensors=6))
    rig.receive(batch({2: fill_record(4)}))
    assert rig.records() == [fill_record(4)]
