"""Pages go on while the time series is away, and a server that hangs is not asked all the time."""

from datetime import datetime, timedelta

from api.console.history_when_there import NOT_ASKED_AGAIN_FOR_S, HistoryWhenThere
from domain.records import Record, RecordKind
from tests.fakes.console_samples import fill
from tests.fakes.manual_clock import ManualClock
from tests.fakes.memory_history import MemoryHistory


class CountedHistory(MemoryHistory):
    """Counts how often it is asked."""

    asked = 0

    def _by_time(self) -> list[Record]:
        self.asked += 1
        return super()._by_time()


def everything_of(history: HistoryWhenThere, at: datetime) -> list[int]:
    hour = timedelta(hours=1)
    return [
        len(history.latest(RecordKind.FILL)),
        len(history.fill("fill-1", since=at - hour, until=at + hour)),
        len(history.emptyings("fill-1", since=at - hour, until=at + hour)),
        len(history.verdicts("fill-1", since=at - hour, until=at + hour)),
    ]


def test_what_is_there_is_told_as_it_is() -> None:
    reading = fill(1, 0.5)
    history = HistoryWhenThere(MemoryHistory(reading), ManualClock())
    assert everything_of(history, reading.observed_at) == [1, 1, 0, 0]
    assert not history.away


def test_while_it_is_away_there_is_nothing_and_it_is_asked_once_in_a_while() -> None:
    reading, clock = fill(1, 0.5), ManualClock()
    behind = CountedHistory(reading)
    history = HistoryWhenThere(behind, clock)
    behind.away = True
    assert everything_of(history, reading.observed_at) == [0, 0, 0, 0]
    assert history.away
    assert behind.asked == 1
    behind.away = False
    assert everything_of(history, reading.observed_at) == [0, 0, 0, 0]
    clock.advance(seconds=NOT_ASKED_AGAIN_FOR_S)
    assert everything_of(history, reading.observed_at) == [1, 1, 0, 0]
    assert not history.away
