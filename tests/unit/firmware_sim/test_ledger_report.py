from datetime import datetime, timedelta

import pytest

from domain.problems import ProblemClass
from firmware_sim.ledger import EndLine, Line, TruthLine, truth_line
from firmware_sim.ledger_report import Judging, RaisedAlert, judge, true_episodes
from firmware_sim.truth_changes import TruthEvent
from firmware_sim.waste import COLLECTORS
from tests.fakes.simulated_district import FIRST_MORNING, world

OVERFLOW = ProblemClass.BIN_OVERFLOW
NOT_SWEPT = ProblemClass.NOT_SWEPT_AFTER_COLLECTION


def at(minute: float) -> datetime:
    return FIRST_MORNING + timedelta(minutes=minute)


def level(
    minute: float, event: TruthEvent, *, bin_id: str = "bin-a", value: float = 0.9
) -> TruthLine:
    return TruthLine(at=at(minute), place_id="place-a", event=event, subject=bin_id, value=value)


def truth(minute: float, event: TruthEvent, actor: str = COLLECTORS) -> TruthLine:
    return TruthLine(at=at(minute), place_id="place-a", event=event, actor=actor)


def alert(minute: float, resolved: float | None = None, place_id: str = "place-a") -> RaisedAlert:
    return RaisedAlert(
        place_id=place_id,
        problem_class=OVERFLOW,
        fired_at=at(minute),
        resolved_at=None if resolved is None else at(resolved),
    )


EPISODE = [level(30, TruthEvent.LEVEL_REACHED), level(90, TruthEvent.LEVEL_LEFT)]
END = EndLine(at=at(180), sent=0, withheld=0)


def test_a_place_overflows_from_its_first_full_bin_to_its_last() -> None:
    lines = [
        level(10, TruthEvent.LEVEL_REACHED),
        level(20, TruthEvent.LEVEL_REACHED, bin_id="bin-b"),
        level(25, TruthEvent.LEVEL_REACHED, bin_id="bin-b", value=1.0),
        level(30, TruthEvent.LEVEL_LEFT),
        level(50, TruthEvent.LEVEL_LEFT, bin_id="bin-b"),
    ]
    (episode,) = true_episodes(lines, full_level=0.9)
    assert (episode.problem_class, episode.began_at, episode.ended_at) == (OVERFLOW, at(10), at(50))


def test_an_alert_within_the_episode_sees_it_and_gives_the_delay() -> None:
    report = judge([*EPISODE, END], [alert(37), alert(60)], Judging())[OVERFLOW]
    assert (report.due, report.seen, report.missed, report.false_alerts) == (1, 1, (), ())
    assert report.median_delay_s == report.p95_delay_s == 7 * 60


def test_an_episode_that_nobody_saw_is_missed() -> None:
    report = judge([*EPISODE, END], [], Judging())[OVERFLOW]
    assert (report.due, report.seen) == (1, 0)
    assert [episode.began_at for episode in report.missed] == [at(30)]
    assert report.median_delay_s is None


@pytest.mark.parametrize(
    "wrong", [alert(5, resolved=15), alert(101), alert(40, place_id="place-b")]
)
def test_an_alert_that_touches_no_episode_is_false(wrong: RaisedAlert) -> None:
    report = judge([*EPISODE, END], [wrong], Judging())[OVERFLOW]
    assert report.false_alerts == (wrong,)
    assert report.seen == 0


@pytest.mark.parametrize("early", [alert(5), alert(5, resolved=25), alert(99)])
def test_an_alert_within_the_grace_belongs_to_its_episode(early: RaisedAlert) -> None:
    report = judge([*EPISODE, END], [early], Judging())[OVERFLOW]
    assert (report.false_alerts, report.seen) == ((), 1)


def test_a_short_episode_need_not_be_seen_but_may_be() -> None:
    lines: list[Line] = [level(30, TruthEvent.LEVEL_REACHED), level(36, TruthEvent.LEVEL_LEFT), END]
    unseen = judge(lines, [], Judging())[OVERFLOW]
    assert (unseen.episodes, unseen.due, unseen.missed) == (1, 0, ())
    seen = judge(lines, [alert(35)], Judging())[OVERFLOW]
    assert (seen.due, seen.false_alerts) == (0, ())


def test_what_cannot_be_watched_is_not_held_against_anybody() -> None:
    judging = Judging(watched={OVERFLOW: frozenset({"place-b"})})
    assert judge([*EPISODE, END], [], judging)[OVERFLOW].due == 0
    told = judge([*EPISODE, END], [alert(40)], judging)[OVERFLOW]
    assert told.false_alerts == ()


def test_a_problem_that_still_stands_at_the_end_is_due() -> None:
    report = judge([level(100, TruthEvent.LEVEL_REACHED), END], [], Judging())[OVERFLOW]
    assert report.due == 1


@pytest.mark.parametrize(
    ("swept", "expected"),
    [(5.0, []), (14.9, []), (40.0, [(at(10), at(50))]), (None, [(at(10), None)])],
)
def test_a_collection_is_unswept_when_no_broom_comes_in_time(
    swept: float | None, expected: list[tuple[datetime, datetime | None]]
) -> None:
    lines: list[TruthLine | EndLine] = [truth(10, TruthEvent.EMPTIED)]
    if swept is not None:
        lines.append(truth(10 + swept, TruthEvent.SWEPT))
    episodes = true_episodes([*lines, END], full_level=0.9)
    assert [(one.began_at, one.ended_at) for one in episodes] == expected
    assert all(one.problem_class is NOT_SWEPT for one in episodes)


def test_a_crews_own_emptying_is_no_collection() -> None:
    lines: list[Line] = [truth(10, TruthEvent.EMPTIED, actor="crew-x"), END]
    assert true_episodes(lines, full_level=0.9) == []


def test_a_supervisor_who_tells_the_truth_is_found_perfect() -> None:
    lines = [truth_line(one) for one in world().settle(FIRST_MORNING + timedelta(hours=6))]
    episodes = true_episodes(lines, full_level=0.9)
    alerts = [
        RaisedAlert(
            place_id=one.place_id,
            problem_class=one.problem_class,
            fired_at=one.began_at,
            resolved_at=one.ended_at,
        )
        for one in episodes
    ]
    reports = judge(lines, alerts, Judging())
    assert len(reports) >= 4
    for report in reports.values():
        assert (report.missed, report.false_alerts, report.seen) == ((), (), report.due)
        assert report.median_delay_s is not None
        assert report.median_delay_s <= 0


def test_a_level_that_the_ledger_does_not_note_is_refused() -> None:
    with pytest.raises(ValueError, match="full_level"):
        Judging(full_level=0.85)
