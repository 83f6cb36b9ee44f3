"""A crash anywhere: the next process starts from what was committed, and nothing shows."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from alerts.case_database import CaseDatabase, SqliteCases
from alerts.notifier import DeliveryUnknownError, Message
from alerts.outbox import Channel, MessageState
from domain.cases import CaseState
from domain.records import FillReading, MeasurementQuality, VerdictState
from tests.fakes.alerts_rig import AlertsRig, open_alerts_rig
from tests.fakes.recording_notifier import RecordingNotifier

pytestmark = pytest.mark.takes_s(25)

NewCases = Callable[[], CaseDatabase]


class CrashError(BaseException):
    """The process ends here. No handler of ours may catch it."""


@contextmanager
def crash_at_statement(
    rig: AlertsRig, number: int, error: type[BaseException] = CrashError
) -> Iterator[None]:
    """Let the process end before the ``number``-th SQL statement from now on."""
    counter = itertools.count(1)

    def before(*_: object) -> None:
        if next(counter) == number:
            raise error

    engine: Engine = rig.store._engine  # type: ignore[attr-defined]  # either store has one
    event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before)


def _story(rig: AlertsRig) -> None:
    """Two overflows, one seen by sensor and camera, and a silent wait for acceptance."""
    for minute in range(4):
        rig.clock.advance(minutes=1)
        for device_id in ("only", "near"):
            reading = FillReading(
                measurement_quality=MeasurementQuality.ACCEPTED, filling_level=0.95 + minute / 100
            )
            rig.record(device_id, reading)


Outcome = tuple[list[tuple[str, str, str, int]], list[object], list[tuple[str, str]], list[object]]


def _outcome(rig: AlertsRig) -> Outcome:
    cases = [(c.number, c.place_id, c.state, c.version) for c in rig.book.open_cases()]
    alerts = sorted((a.place_id, a.subject, a.reasons, a.case_id) for a in rig.book.open_alerts())
    told = [
        (m.occasion, m.recipient)
        for case in sorted(rig.book.open_cases(), key=lambda case: case.number)
        for m in rig.book.messages(case.case_id)
    ]
    # In their order; PostgreSQL does not give a position again that a crash has taken.
    changes = [(c.kind, c.subject_id) for c in rig.book.changes(0)]
    return (sorted(cases), [*alerts], told, [*changes])


@pytest.mark.parametrize("restarts", [True, False])
def test_an_end_before_any_statement_of_an_evaluation_changes_nothing_in_the_end(
    new_cases: NewCases,
    restarts: bool,  # noqa: FBT001  the process crashes, or goes on after an error
) -> None:
    outcomes: list[Outcome] = []
    crashes = 0
    while True:
        cases = new_cases()
        # In PostgreSQL each run takes its time; a step of 13 meets every kind of statement too.
        step = 2 if isinstance(cases, SqliteCases) else 13
        number = (1 if restarts else 2) + step * len(outcomes)
        with open_alerts_rig(cases) as rig:
            _story(rig)
            crashed = False
            try:
                with crash_at_statement(rig, number, CrashError if restarts else OSError):
                    rig.evaluate()
            except (CrashError, OSError):
                crashed = True
                if restarts:
                    rig.restart()
                rig.evaluate()
            outcomes.append(_outcome(rig))
        crashes += crashed
        if not crashed:
            break
    assert crashes > 40 // step
    assert all(outcome == outcomes[0] for outcome in outcomes)
    opened, _, told, _ = outcomes[0]
    assert [case[1] for case in opened] == ["plain", "watched"]
    assert told == [("new", "crew-place"), ("new", "dispatchers")] * 2


@pytest.mark.parametrize("number", range(1, 12))
def test_a_crash_in_the_middle_of_a_delivery_never_loses_or_doubles_unmarked(
    new_cases: NewCases, number: int
) -> None:
    with open_alerts_rig(new_cases()) as rig:
        _story(rig)
        rig.evaluate()
        try:
            with crash_at_statement(rig, number):
                rig.deliver()
        except CrashError:
            rig.restart()
        rig.deliver()
        _assert_told_right(rig)


def _assert_told_right(rig: AlertsRig) -> None:
    unmarked = Counter((m.key, m.recipient) for m in rig.phone.received if not m.repeat)
    assert all(count == 1 for count in unmarked.values())
    arrived = {(m.key, m.recipient) for m in rig.phone.received}
    wanted = {
        (f"{m.episode}/{m.occasion}", m.recipient)
        for case in [*rig.book.open_cases(), *rig.book.ended_cases()]
        for m in rig.book.messages(case.case_id)
        if m.channel is Channel.WEBHOOK and m.state is not MessageState.OBSOLETE
    }
    assert wanted <= arrived


def test_a_crash_between_sending_and_recording_sends_again_marked(new_cases: NewCases) -> None:
    class Dying(RecordingNotifier):
        def send(self, message: Message) -> None:
            super().send(message)
            if len(self.received) == 1:
                raise CrashError

    with open_alerts_rig(new_cases()) as rig:
        rig.phone = Dying()
        rig.restart()
        rig.level("only", 0.95, 0.95)
        with pytest.raises(CrashError):
            rig.deliver()
        rig.restart()
        rig.deliver()
        assert [m.repeat for m in rig.phone.received] == [False, True]


_DEVICES = ("only", "near", "far")
_STEPS = st.one_of(
    st.tuples(
        st.just("level"), st.sampled_from(_DEVICES), st.sampled_from([0.1, 0.7, 0.85, 0.95, 1.1])
    ),
    st.tuples(
        st.just("look"),
        st.sampled_from(list(VerdictState)),
        st.sampled_from(list(VerdictState)),
    ),
    st.tuples(st.just("emptied"), st.sampled_from(_DEVICES), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 70]), st.just(0)),
    st.tuples(st.just("finish"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("deliver"), st.booleans(), st.just(0)),
    st.tuples(st.just("crash"), st.integers(1, 40), st.just(0)),
)


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],
    # Each example has cases of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_STEPS, min_size=10, max_size=30))
def test_whatever_happens_there_is_one_open_case_and_alert_and_every_message_is_told_right(
    new_cases: NewCases,
    steps: list[tuple[str, object, object]],
) -> None:
    with open_alerts_rig(new_cases()) as rig:
        for step in steps:
            _play(rig, *step)
            _assert_consistent(rig)
        rig.restart()
        rig.evaluate()
        rig.phone._answers.clear()
        rig.deliver()
        _assert_told_right(rig)


def _play(rig: AlertsRig, step: str, first: object, second: object) -> None:  # noqa: C901  a table
    match (step, first, second):
        case ("level", str(device_id), float(level)):
            rig.level(device_id, level)
        case ("look", VerdictState() as overflow, VerdictState() as bags):
            rig.look(overflow=overflow, bags=bags)
        case ("emptied", str(device_id), _):
            rig.emptied(device_id)
        case ("wait", int(minutes), _):
            rig.clock.advance(minutes=minutes)
            rig.evaluate()
        case ("finish", int(index), _):
            asked = [
                case
                for case in rig.book.open_cases()
                if case.state in (CaseState.DISPATCHED, CaseState.REWORK)
            ]
            if asked:
                rig.finish(asked[index % len(asked)])
        case ("deliver", bool(lost), _):
            if lost:
                rig.phone._answers.append(DeliveryUnknownError(code="arrived"))
            rig.deliver()
            rig.clock.advance(seconds=40)
        case ("crash", int(number), _):
            _story(rig)
            try:
                with crash_at_statement(rig, number):
                    rig.evaluate()
                    rig.deliver()
            except CrashError:
                rig.restart()


def _assert_consistent(rig: AlertsRig) -> None:
    cases = rig.book.open_cases()
    assert len({(c.place_id, c.problem_class) for c in cases}) == len(cases)
    alerts = rig.book.open_alerts()
    owners = {(a.device_id if a.case_id is None else a.place_id, a.subject) for a in alerts}
    assert len(owners) == len(alerts)
    for case in cases:
        entries = rig.book.log(case.case_id)
        assert entries[-1].state_after is case.state
        told = [(m.occasion, m.channel, m.recipient) for m in rig.book.messages(case.case_id)]
        assert len(set(told)) == len(told)
        assert ("new", "webhook", case.crew_id) in told
