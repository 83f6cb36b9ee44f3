import math
import re
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client import Point

from domain.changes import Change, ChangeKind
from domain.checks import InvalidValueError
from domain.problems import ProblemClass
from domain.records import (
    CameraHealth,
    FillReading,
    MeasurementQuality,
    Record,
    SnapshotVerdicts,
    Verdict,
    VerdictState,
)
from ingest.influx.change_lines import ChangeLines, lines_of_changes
from ingest.influx.lines import line
from ingest.influx.record_lines import RecordLines, lines_of_records
from ingest.influx.refusals import PointRefusal
from ingest.influx.source import Lines, joined
from tests.fakes.influx_rig import REGISTRY
from tests.fakes.ingest_samples import (
    CAMERA,
    emptied_record,
    fill_record,
    sensor_id,
    verdicts_record,
)
from tests.fakes.manual_clock import START
from tests.fakes.memory_record_feed import MemoryRecordFeed
from tests.fakes.memory_registry import MemoryRegistry
from wire.records import encode_record

IDS = st.text(string.ascii_lowercase + string.digits + "_-", min_size=3, max_size=32).filter(
    lambda text: text[0] in string.ascii_lowercase + string.digits
)
NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=20).filter(
    lambda text: text[0] != "_"
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=40).filter(lambda text: text == "" or text.isprintable())
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  bounds are naive by the strategy's contract


@given(
    measurement=NAMES,
    tags=st.dictionaries(NAMES, IDS, max_size=4),
    fields=st.dictionaries(NAMES, NUMBERS | TEXTS | st.none(), min_size=1, max_size=6),
    at_ns=st.integers(0, 2**62),
)
def test_a_point_is_the_text_that_the_library_prints(
    measurement: str,
    tags: dict[str, str],
    fields: dict[str, float | str | None],
    at_ns: int,
) -> None:
    point = Point(measurement).time(at_ns)
    for key, tag in tags.items():
        point.tag(key, tag)
    for key, value in fields.items():
        point.field(key, value)
    if all(value is None for value in fields.values()):
        with pytest.raises(InvalidValueError):
            line(measurement, tags, fields, at_ns)
        return
    assert line(measurement, tags, fields, at_ns).decode() == point.to_line_protocol()


def test_whole_numbers_are_floats_too() -> None:
    assert line("case", {}, {"number": 12}, 5) == b"case number=12 5"
    assert Point("case").field("number", 12.0).time(5).to_line_protocol() == "case number=12 5"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "two\nlines", "bell\a"])
def test_what_would_not_be_one_clean_point_is_refused(value: float | str) -> None:
    with pytest.raises(InvalidValueError):
        line("fill", {}, {"level": value}, 1)


@pytest.mark.parametrize("tag", ["", "a b", "a,b=c", "x=1 1\nfill", "点位", "back\\"])
def test_a_tag_that_is_no_id_of_ours_is_refused(tag: str) -> None:
    with pytest.raises(InvalidValueError):
        line("fill", {"place_id": tag}, {"level": 1.0}, 1)


@pytest.mark.parametrize("name", ["", "a b", "_time", "a=b", "#fill"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidValueError):
        line(name, {}, {"level": 1.0}, 1)
    with pytest.raises(InvalidValueError):
        line("fill", {}, {name: 1.0}, 1)


def optional(low: float, high: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(low, high)


READINGS = st.builds(
    FillReading,
    measurement_quality=st.sampled_from(MeasurementQuality),
    filling_level=optional(0, 3),
    distance_mm=optional(0, 20_000),
    temperature_c=optional(-60, 300),
    battery_v=optional(0, 60),
    battery_ratio=optional(0, 1),
    cover_open=st.none() | st.booleans(),
    out_of_position=st.none() | st.booleans(),
    rssi_dbm=optional(-200, 20),
)
RECORDS = st.builds(
    Record,
    device_id=st.sampled_from([sensor_id(n) for n in range(5)]),
    observed_at=TIMES,
    gateway_at=TIMES,
    values=READINGS,
)


@given(records=st.lists(RECORDS, min_size=1, max_size=20))
def test_a_page_of_readings_is_what_the_library_prints_one_by_one(records: list[Record]) -> None:
    told = lines_of_records([encode_record(record) for record in records], REGISTRY)
    assert not told.refused
    assert [canonical(one.decode()) for one in told.lines] == [
        canonical(library_line(record)) for record in records
    ]


def library_line(record: Record) -> str:
    reading = record.values
    assert isinstance(reading, FillReading)
    point = Point("fill").tag("device_id", record.device_id).tag("place_id", "place-1")
    point.field("gateway_delay_s", (record.gateway_at - record.observed_at).total_seconds())
    for name in FillReading.__slots__:
        value = getattr(reading, name)
        point.field(name, float(value) if isinstance(value, bool | float) else value)
    return str(point.time(record.observed_at).to_line_protocol())


def canonical(text: str) -> tuple[str, list[tuple[str, str | float]], str]:
    """Fields in order, and numbers by value: 1, 1.0 and 1e0 are one number."""
    head, fields, at = re.fullmatch(r"(\S+) (.+) (\d+)", text).groups()  # type: ignore[union-attr]
    pairs = [pair.split("=", 1) for pair in fields.split(",")]
    return (
        head,
        sorted((key, value if value.startswith('"') else float(value)) for key, value in pairs),
        at,
    )


def test_a_page_of_readings_is_their_lines_one_after_the_other() -> None:
    told = [
        FillReading(
            measurement_quality=quality,
            cover_open=cover_open,
            out_of_position=out_of_position,
            filling_level=0.5 if battery_v is None else None,
            battery_v=battery_v,
        )
        for quality in MeasurementQuality
        for cover_open in (None, False, True)
        for out_of_position in (None, False, True)
        for battery_v in (None, 3.0, 1e-07)
    ]
    feed = MemoryRecordFeed()
    singly = []
    for number, reading in enumerate(told * 9):
        at = START + timedelta(seconds=number)
        record = Record(
            device_id=sensor_id(number % 5),
            observed_at=at,
            gateway_at=at + timedelta(milliseconds=number),
            values=reading,
        )
        feed.append_record(record)
        singly += lines_of_records([encode_record(record)], REGISTRY).lines
    source = RecordLines(feed=feed, registry=MemoryRegistry(REGISTRY))
    for _ in range(2):  # the second time every device is known
        page = source.read(after=0, limit=len(singly))
        assert page is not None
        assert page.told.text == b"\n".join(singly)
        assert page.told.count == len(singly)


@given(parts=st.lists(st.integers(0, 7), max_size=5), most=st.integers(1, 9))
def test_bodies_hold_every_line_once_and_no_more_than_they_may(parts: list[int], most: int) -> None:
    numbers = iter(range(100))
    each = [Lines.of([b"line %d" % next(numbers) for _ in range(part)]) for part in parts]
    told = joined(each)
    bodies = told.bodies(most)
    assert told.lines == [line for part in each for line in part.lines]
    assert b"\n".join(bodies) == told.text
    assert all(1 <= len(body.split(b"\n")) <= most for body in bodies)
    assert sum(len(body.split(b"\n")) for body in bodies if body) == told.count == sum(parts)


def test_a_reading_of_nothing_but_its_quality_is_a_point() -> None:
    reading = FillReading(measurement_quality=MeasurementQuality.REJECTED)
    record = Record(device_id=sensor_id(0), observed_at=START, gateway_at=START, values=reading)
    (point,) = lines_of_records([encode_record(record)], REGISTRY).lines
    assert b' gateway_delay_s=0.0,measurement_quality="rejected" ' in point


def test_emptyings_keep_levels_and_the_gateways_time() -> None:
    (point,) = lines_of_records([encode_record(emptied_record(2))], REGISTRY).lines
    assert (
        point
        == (
            "emptied,device_id=sensor-002,place_id=place-1,subdistrict_id=sub-1"
            ' gateway_delay_s=0,level_after=0.1,level_before=0.9,place="一号点",place_en="一号点"'
            f" {START.timestamp() * 1e9:.0f}"
        ).encode()
    )


def verdict(zone_id: str = "ground", problem: str = "scattered_litter") -> Verdict:
    return Verdict(
        zone_id=zone_id,
        problem_class=ProblemClass(problem),
        state=VerdictState.PRESENT,
        score=0.75,
        reasons=("new_objects", "area_large"),
        boxes=((0.1, 0.2, 0.3, 0.4),),
    )


def snapshot(*verdicts: Verdict) -> bytes:
    values = SnapshotVerdicts(
        camera_health=CameraHealth.OK, verdicts=verdicts, picture_sha256="ab" * 32
    )
    return encode_record(
        Record(device_id=CAMERA, observed_at=START, gateway_at=START, values=values)
    )


def test_a_snapshot_is_a_point_and_each_verdict_another_with_the_pictures_path() -> None:
    told = lines_of_records([snapshot(verdict(), verdict(problem="exposed_waste"))], REGISTRY)
    texts = [one.decode().rpartition(" ")[0] for one in told.lines]
    picture = f'picture="/pictures/{"ab" * 32}"'
    tags = "device_id=camera-1,place_id=place-1"
    assert texts[0] == f'snapshot,{tags} camera_health="ok",gateway_delay_s=0,{picture}'
    assert texts[2] == (
        f"verdict,{tags},problem_class=exposed_waste,zone_id=ground"
        f' boxes="[[0.1,0.2,0.3,0.4]]",number=1,{picture}'
        ',reasons="new_objects,area_large",score=0.75,state="present"'
    )


def test_what_the_registry_does_not_have_makes_no_series() -> None:
    told = lines_of_records(
        [
            snapshot(verdict("invented"), verdict()),
            encode_record(fill_record(device_id="sensor-gone")),
            encode_record(fill_record(0)),
        ],
        REGISTRY,
    )
    assert [one.split(b",")[0] for one in told.lines] == [b"fill", b"snapshot", b"verdict"]
    assert [(one.reason, one.detail) for one in told.refused] == [
        (PointRefusal.UNKNOWN_ZONE, "invented"),
        (PointRefusal.UNKNOWN_DEVICE, "sensor-gone"),
    ]


def test_a_record_that_cannot_be_read_leaves_the_page_readable() -> None:
    told = lines_of_records([encode_record(fill_record(0)), b'{"v":2}', b"\xff"], REGISTRY)
    assert len(told.lines) == 1
    assert [one.reason for one in told.refused] == [PointRefusal.UNREADABLE_RECORD] * 2
    assert told.refused[0].content == b'{"v":2}'


def test_records_are_read_by_position() -> None:
    feed = MemoryRecordFeed()
    for n in range(5):
        feed.append_record(fill_record(n % 4, at=START + timedelta(minutes=n)))
    feed.append_record(verdicts_record())
    source = RecordLines(feed=feed, registry=MemoryRegistry(REGISTRY))
    page = source.read(after=2, limit=3)
    assert page is not None
    assert (page.entries, page.through, len(page.told.lines)) == (3, 5, 3)
    assert source.newest_position() == 6
    assert source.read(after=6, limit=3) is None


def test_a_page_of_snapshots_ends_when_it_has_points_enough() -> None:
    classes = list(ProblemClass)
    feed = MemoryRecordFeed()
    for n in range(600):
        values = SnapshotVerdicts(
            camera_health=CameraHealth.OK, verdicts=tuple(verdict(problem=p) for p in classes)
        )
        at = START + timedelta(minutes=n)
        feed.append_record(Record(device_id=CAMERA, observed_at=at, gateway_at=at, values=values))
    source = RecordLines(feed=feed, registry=MemoryRegistry(REGISTRY))
    page = source.read(after=0, limit=1_000)
    assert page is not None
    assert page.entries == page.through == 400
    assert len(page.told.lines) == 400 * (1 + len(classes))


def change(position: int, kind: ChangeKind = ChangeKind.CASE_MOVED, **other: object) -> Change:
    told: dict[str, object] = {
        "place_id": "place-1",
        "subject_id": "case-7",
        "values": {"state": "filed", "number": 7, "case_id": None},
    } | other
    return Change(position=position, kind=kind, changed_at=START, **told)  # type: ignore[arg-type]


def test_changes_of_one_moment_stay_apart_and_are_the_same_each_time() -> None:
    changes = [change(n) for n in range(4_998, 5_003)]
    told = lines_of_changes(changes, REGISTRY)
    assert len({one.rpartition(b" ")[2] for one in told.lines}) == 5
    assert told == lines_of_changes(changes, REGISTRY)
    assert told.lines[2] == (
        b'case,place_id=place-1 kind="case_moved",number=7,state="filed",subject_id="case-7" %d'
        % (START.timestamp() * 1e9)
    )


def test_notices_are_left_out_and_foreign_places_refused() -> None:
    told = lines_of_changes(
        [change(1, ChangeKind.NOTICE), change(2, place_id="elsewhere"), change(3)], REGISTRY
    )
    assert len(told.lines) == 1
    assert [one.reason for one in told.refused] == [PointRefusal.UNKNOWN_PLACE]


def test_a_change_that_is_no_clean_point_is_refused_alone() -> None:
    told = lines_of_changes([change(1, values={"note": "two\nlines"}), change(2)], REGISTRY)
    assert len(told.lines) == 1
    assert [one.reason for one in told.refused] == [PointRefusal.INVALID_VALUE]


class Changes:
    """Fulfils ``domain.ports.change_feed.ChangeFeed``."""

    def __init__(self, *changes: Change) -> None:
        self.changes = changes

    def read(self, *, after: int, limit: int) -> list[Change]:
        return [one for one in self.changes if one.position > after][:limit]

    def newest_position(self) -> int:
        return self.changes[-1].position


def test_changes_are_read_by_position_and_notices_count() -> None:
    source = ChangeLines(
        feed=Changes(change(1), change(2, ChangeKind.NOTICE)), registry=MemoryRegistry(REGISTRY)
    )
    page = source.read(after=0, limit=10)
    assert page is not None
    assert (page.entries, page.through, len(page.told.lines)) == (2, 2, 1)
    assert source.read(after=2, limit=10) is None


def test_a_sensor_that_has_moved_is_told_at_its_new_place() -> None:
    feed, registry = MemoryRecordFeed(), MemoryRegistry(REGISTRY)
    for number in range(2):
        feed.append_record(fill_record(0, at=START + timedelta(minutes=number)))
    source = RecordLines(feed=feed, registry=registry)
    before = source.read(after=0, limit=1)
    moved = replace(REGISTRY.sensors[sensor_id(0)], place_id="place-2")
    places = {**REGISTRY.places, "place-2": replace(REGISTRY.places["place-1"], place_id="place-2")}
    sensors = {**REGISTRY.sensors, sensor_id(0): moved}
    registry.replace(replace(REGISTRY, places=places, sensors=sensors))
    after = source.read(after=1, limit=1)
    assert before is not None
    assert after is not None
    assert b"place_id=place-1 " in before.told.lines[0]
    assert b"place_id=place-2 " in after.told.lines[0]
