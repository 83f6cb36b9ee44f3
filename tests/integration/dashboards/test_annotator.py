import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from dashboards.annotator import Annotator, AnnotatorMetrics, Words
from dashboards.grafana_port import GrafanaOutageError
from dashboards.server import GrafanaAddress, GrafanaServer
from domain.changes import Change, ChangeKind
from tests.dashboards.looking import committed
from tests.fakes.grafana_server import EDITOR_TOKEN, GrafanaFake
from tests.fakes.ingest_samples import sample_registry
from tests.fakes.manual_clock import START
from tests.fakes.memory_registry import MemoryRegistry
from texts.catalogue import load_catalogues

PLACE = next(iter(sample_registry(sensors=1).places))


class MemoryChanges:
    def __init__(self, *changes: Change) -> None:
        self.changes = list(changes)

    def read(self, *, after: int, limit: int) -> Sequence[Change]:
        return [change for change in self.changes if change.position > after][:limit]

    def newest_position(self) -> int:
        return max((change.position for change in self.changes), default=0)


def alert(position: int) -> Change:
    return Change(
        position=position,
        kind=ChangeKind.ALERT_FIRED,
        changed_at=START + timedelta(seconds=position),
        place_id=PLACE,
        subject_id=f"alert-{position}",
        values={"subject": "bin_overflow", "level": "critical", "case_id": None},
    )


def move(position: int, action: str) -> Change:
    return Change(
        position=position,
        kind=ChangeKind.CASE_MOVED,
        changed_at=START + timedelta(seconds=position),
        place_id=PLACE,
        subject_id="case-1",
        values={
            "number": "2026-0001",
            "problem_class": "bin_overflow",
            "state": "closed",
            "action": action,
        },
    )


@pytest.fixture
def grafana() -> Iterator[GrafanaFake]:
    with GrafanaFake() as fake:
        yield fake


class Rig:
    def __init__(self, grafana: GrafanaFake, folder: Path) -> None:
        self.stop = threading.Event()
        self.server = GrafanaServer(
            GrafanaAddress(url=grafana.url, token=EDITOR_TOKEN), waits_s=(), stop=self.stop
        )
        self.feed = MemoryChanges()
        self.folder = folder

    def annotator(self) -> Annotator:
        registry = MemoryRegistry(sample_registry(sensors=1))
        return Annotator(
            feed=self.feed,
            annotations=self.server,
            words=Words(load_catalogues(), registry, console_url="http://console"),
            cursor_path=self.folder / "cursor.txt",
            metrics=AnnotatorMetrics(CollectorRegistry()),
            stop=self.stop,
        )


@pytest.fixture
def rig(grafana: GrafanaFake, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(grafana, tmp_path)
    yield made
    made.server.close()


def test_an_alert_and_a_closed_case_are_marked_in_both_languages_with_a_link(
    grafana: GrafanaFake, rig: Rig
) -> None:
    annotator = rig.annotator()
    annotator.step()
    rig.feed.changes += [alert(1), move(2, "finish"), move(3, "confirm_clean")]

    assert annotator.step()

    opened, closed = grafana.state.annotations
    assert opened["tags"] == ["huanwei", "alert_opened", PLACE, "bin_overflow"]
    assert opened["text"] == "告警：一号点，垃圾满溢 · Alert: 一号点, Bin overflow"
    assert closed["tags"][1] == "case_closed"
    assert '<a href="http://console/cases/case-1">2026-0001</a>' in closed["text"]
    assert not annotator.step()


def test_the_dashboard_of_a_place_finds_the_marks_that_no_query_of_its_own_makes(
    grafana: GrafanaFake, rig: Rig
) -> None:
    annotator = rig.annotator()
    annotator.step()
    silent = replace(alert(2), values={"subject": "silent", "level": "warning", "case_id": None})
    rig.feed.changes += [alert(1), silent, move(3, "confirm_clean")]
    annotator.step()
    (place,) = (each for each in committed("en") if each["uid"] == "huanwei-place-en")
    wanted = [
        {tag.replace("${place}", PLACE) for tag in events["target"]["tags"]}
        for events in place["annotations"]["list"]
        if events["target"].get("type") == "tags"
    ]

    shown = [
        [mark["tags"][1:4:2] for mark in grafana.state.annotations if tags <= set(mark["tags"])]
        for tags in wanted
    ]

    # The alert about the bin files a case, which is marked as filed already.
    assert shown == [[["case_closed", "bin_overflow"]], [["alert_opened", "silent"]]]


def test_the_first_start_leaves_old_history_unmarked(grafana: GrafanaFake, rig: Rig) -> None:
    rig.feed.changes += [alert(1), alert(2)]

    assert not rig.annotator().step()
    rig.feed.changes.append(alert(3))
    assert rig.annotator().step()

    assert len(grafana.state.annotations) == 1


def test_a_kill_after_the_mark_and_before_its_note_makes_no_second_mark(
    grafana: GrafanaFake, rig: Rig
) -> None:
    rig.annotator().step()
    rig.feed.changes.append(alert(1))
    grafana.answer_next(200, [])  # the look finds nothing,
    before = (rig.folder / "cursor.txt").read_text()
    rig.annotator().step()
    (rig.folder / "cursor.txt").write_text(before)  # and the note of the mark was lost

    rig.annotator().step()

    assert len(grafana.state.annotations) == 1


def test_an_answer_that_was_lost_makes_no_second_mark(grafana: GrafanaFake, rig: Rig) -> None:
    annotator = rig.annotator()
    annotator.step()
    rig.feed.changes.append(alert(1))
    rig.server.annotations_at(START, tags=["huanwei"])
    grafana.lose_next_answers(1)
    with pytest.raises(GrafanaOutageError):
        annotator.step()
    assert grafana.state.annotations == []  # the look was lost, nothing was marked yet

    annotator.step()
    annotator.step()

    assert len(grafana.state.annotations) == 1


def test_an_outage_is_told_of_once_and_its_marks_come_afterwards(
    grafana: GrafanaFake, rig: Rig
) -> None:
    annotator = rig.annotator()
    annotator.step()
    rig.feed.changes.append(alert(1))
    grafana.answer_next(503, None, times=2)

    with capture_logs() as said:
        waits = [annotator._guarded(annotator.step) for _ in range(4)]

    assert waits == [30.0, 30.0, 0.0, 2.0]
    assert [entry["event"] for entry in said] == [
        "grafana_takes_no_marks",
        "grafana_takes_marks_again",
    ]
    assert len(grafana.state.annotations) == 1


def test_it_ends_at_once_while_grafana_is_away(grafana: GrafanaFake, rig: Rig) -> None:
    annotator = rig.annotator()
    grafana.answer_next(503, None, times=100)
    rig.feed.changes.append(alert(1))
    (rig.folder / "cursor.txt").write_text("0")

    annotator.start()
    annotator.stop()
    annotator.stop()
