import sqlite3
from pathlib import Path

import pytest

from alerts.case_book import BookChangeFeed
from alerts.case_desk import StaleCaseError, UnknownCaseError, UnknownPlaceError
from alerts.crew_links import CrewLinks, ExpiredLinkError, ForgedLinkError
from alerts.orders import MoveCase, ReportCase
from alerts.store import NewerSchemaError, SqliteCaseStore
from domain.cases import Actor, CaseAction, CaseSource, CaseState
from domain.checks import InvalidValueError
from domain.problems import ProblemClass
from storage.lock_file import FileInUseError
from tests.fakes.alerts_rig import AlertsRig
from tests.fakes.manual_clock import ManualClock


def _report(key: str = "call-1", place_id: str = "plain", note: str = "有人来电") -> ReportCase:
    return ReportCase(
        place_id=place_id,
        problem_class=ProblemClass.BIN_OVERFLOW,
        source=CaseSource.TELEPHONE,
        note=note,
        actor=Actor.OPERATOR,
        key=key,
    )


def test_a_report_sent_twice_opens_one_case(rig: AlertsRig) -> None:
    first, second = rig.desk.report(_report()), rig.desk.report(_report())
    assert first == second
    assert len(rig.book.log(first.case_id)) == 3


def test_a_second_report_joins_the_open_case_and_an_alert_does_too(rig: AlertsRig) -> None:
    first = rig.desk.report(_report())
    assert rig.desk.report(_report(key="call-2", note="又有人来电")).case_id == first.case_id
    assert rig.book.log(first.case_id)[-1].note == "又有人来电"
    rig.level("only", 0.95, 0.95)
    assert [alert.case_id for alert in rig.book.open_alerts()] == [first.case_id]
    assert rig.told(first) == ["new"]


def test_a_move_sent_twice_is_made_once(rig: AlertsRig) -> None:
    case = rig.desk.report(_report())
    order = MoveCase(
        case_id=case.case_id, action=CaseAction.ACCEPT, actor=Actor.CREW, key="accept-1"
    )
    first = rig.desk.move(order)
    assert rig.desk.move(order) == first
    assert first.version == case.version + 1


def test_a_move_on_an_old_version_is_refused(rig: AlertsRig) -> None:
    case = rig.desk.report(_report())
    rig.move(case, CaseAction.ACCEPT, Actor.CREW)
    with pytest.raises(StaleCaseError):
        rig.desk.move(
            MoveCase(
                case_id=case.case_id,
                action=CaseAction.RETURN_TO_DISPATCHER,
                actor=Actor.DISPATCHER,
                key="return-1",
                note="不归我管",
                approved_by="chief",
                expected_version=case.version,
            )
        )
    assert rig.the_case().state is CaseState.IN_PROGRESS


def test_orders_about_what_is_not_there_are_refused(rig: AlertsRig) -> None:
    with pytest.raises(UnknownPlaceError):
        rig.desk.report(_report(place_id="nowhere"))
    with pytest.raises(UnknownCaseError):
        rig.desk.move(
            MoveCase(case_id="case-x", action=CaseAction.ACCEPT, actor=Actor.CREW, key="k")
        )


@pytest.mark.parametrize("note", ["x" * 501, "bell \a", "\u202egnirts"])
def test_words_that_would_not_print_are_refused(note: str) -> None:
    with pytest.raises(InvalidValueError):
        _report(note=note)


def test_numbers_count_per_day_of_the_district(rig: AlertsRig) -> None:
    assert rig.desk.report(_report()).number == "20260303-0001"
    assert rig.desk.report(_report("call-2", "watched")).number == "20260303-0002"
    rig.move(rig.book.open_cases()[0], CaseAction.VOID, Actor.INSPECTOR, note="-", approved_by="c")
    rig.clock.advance(hours=18)
    assert rig.desk.report(_report("call-3")).number == "20260304-0001"


def test_the_change_feed_gives_each_change_once_in_order(rig: AlertsRig) -> None:
    rig.desk.report(_report())
    feed = BookChangeFeed(rig.cases.open_book())
    first = feed.read(after=0, limit=2)
    rest = feed.read(after=first[-1].position, limit=10)
    feed.close()
    assert [change.position for change in (*first, *rest)] == [1, 2, 3]
    assert rig.book.newest_change() == 3


def test_a_file_of_a_newer_release_and_a_second_writer_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cases.db"
    store = SqliteCaseStore(path)
    with pytest.raises(FileInUseError):
        SqliteCaseStore(path)
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE facts SET value = '99' WHERE name = 'schema_version'")
    connection.commit()
    connection.close()
    for _ in range(2):
        with pytest.raises(NewerSchemaError, match="version 99"):
            SqliteCaseStore(path)


def test_a_link_opens_its_case_for_its_crew_until_it_expires() -> None:
    clock = ManualClock()
    links = CrewLinks(b"0123456789abcdef", "http://x/", clock)
    token = links.link(crew_id="crew-place", case_id="case-20260303-0001").removeprefix(
        "http://x/c/"
    )
    assert links.read(token).crew_id == "crew-place"
    clock.advance(hours=73)
    with pytest.raises(ExpiredLinkError):
        links.read(token)


def test_a_token_changed_or_signed_by_another_is_forged() -> None:
    clock = ManualClock()
    links = CrewLinks(b"0123456789abcdef", "http://x", clock)
    other = CrewLinks(b"another-secret-16", "http://x", clock)
    token = other.link(crew_id="crew-place", case_id="case-1").rpartition("/")[2]
    for forged in (token, "", "a.b", token[:-2], "é"):
        with pytest.raises(ForgedLinkError):
            links.read(forged)
    with pytest.raises(ValueError, match="at least"):
        CrewLinks(b"short", "http://x", clock)
