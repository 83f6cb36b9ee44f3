"""Was it seen, how fast, and was anything cried that was not there: alerts against the truth.

Pure: a ledger's lines and the alerts somebody raised go in, numbers come out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median, quantiles

from domain.problems import ProblemClass
from firmware_sim.ledger import EndLine, Line, RunLine, SentLine, TruthLine
from firmware_sim.truth_changes import NOTED_LEVELS, TruthEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A problem that truly stood at a place; ``ended_at`` None: it still stood at the end."""

    place_id: str
    problem_class: ProblemClass
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedAlert:
    """An alert as somebody raised it; ``resolved_at`` None: it is still open."""

    place_id: str
    problem_class: ProblemClass
    fired_at: datetime
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """How alerts are held against the truth.

    ``full_level``: one of the noted levels, from which a container counts as overflowing.
    ``due_after``: an episode that ended sooner need not be seen. ``grace``: an alert so soon before
    an episode or so late after it still belongs to it. ``watched``: the places where a class can
    be seen at all, None for everywhere; what is not watched is not held against anybody.
    """

    full_level: float = 0.9
    due_after: timedelta = timedelta(minutes=15)
    grace: timedelta = timedelta(minutes=10)
    watched: Mapping[ProblemClass, frozenset[str]] | None = None

    def __post_init__(self) -> None:
        if self.full_level not in NOTED_LEVELS:
            msg = f"full_level: the ledger notes only {NOTED_LEVELS}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassReport:
    """One problem class. ``due`` episodes are ``seen`` or missed; delays are in seconds.

    A delay counts from the true beginning to the first alert; it is negative for an alert that
    fired before and still stood then, or ended within the grace.
    """

    episodes: int
    due: int
    seen: int
    missed: tuple[Episode, ...]
    false_alerts: tuple[RaisedAlert, ...]
    delays_s: tuple[float, ...] = field(repr=False)

    @property
    def median_delay_s(self) -> float | None:
        """Half of the seen episodes were seen sooner."""
        return median(self.delays_s) if self.delays_s else None

    @property
    def p95_delay_s(self) -> float | None:
        """One in twenty of the seen episodes took longer."""
        if len(self.delays_s) < 2:  # noqa: PLR2004 - what quantiles asks for
            return self.delays_s[0] if self.delays_s else None
        return quantiles(self.delays_s, n=20, method="inclusive")[-1]


def true_episodes(lines: Iterable[Line], *, full_level: float) -> list[Episode]:
    """Return the true episodes in a ledger, by beginning.

    A place overflows while any of its containers is at ``full_level`` or above. A collection
    after which the next sweeping came more than 15 minutes later, or not at all, is an episode of
    ``not_swept_after_collection`` from the emptying to the next sweeping.
    """
    standing = _Standing(full_level)
    for line in lines:
        if isinstance(line, TruthLine):
            standing.take(line)
        elif isinstance(line, EndLine | SentLine):
            standing.newest_at = max(standing.newest_at or line.at, line.at)
    return sorted(standing.finished(), key=lambda episode: episode.began_at)


def judge(
    lines: Iterable[Line], alerts: Sequence[RaisedAlert], judging: Judging
) -> dict[ProblemClass, ClassReport]:
    """Return a report for every problem class that truly stood or was raised."""
    dated = [line for line in lines if not isinstance(line, RunLine)]
    episodes = true_episodes(dated, full_level=judging.full_level)
    until = max((line.at for line in dated), default=None)
    classes = {episode.problem_class for episode in episodes}
    classes |= {alert.problem_class for alert in alerts}
    return {
        one: _class_report(
            [episode for episode in episodes if episode.problem_class is one],
            [alert for alert in alerts if alert.problem_class is one],
            until,
            judging,
        )
        for one in sorted(classes)
    }


def _class_report(
    episodes: Sequence[Episode],
    alerts: Sequence[RaisedAlert],
    until: datetime | None,
    judging: Judging,
) -> ClassReport:
    missed, delays_s, due = [], [], 0
    for episode in episodes:
        fitting = [alert for alert in alerts if _belongs(alert, episode, judging.grace)]
        ended_at = episode.ended_at or until or episode.began_at
        if not _is_watched(episode, judging):
            continue
        if fitting:
            first_at = min(alert.fired_at for alert in fitting)
            delays_s.append((first_at - episode.began_at).total_seconds())
        if ended_at - episode.began_at >= judging.due_after:
            due += 1
            if not fitting:
                missed.append(episode)
    false_alerts = [
        alert
        for alert in alerts
        if not any(_belongs(alert, episode, judging.grace) for episode in episodes)
    ]
    return ClassReport(
        episodes=len(episodes),
        due=due,
        seen=due - len(missed),
        missed=tuple(missed),
        false_alerts=tuple(false_alerts),
        delays_s=tuple(sorted(delays_s)),
    )


def _is_watched(episode: Episode, judging: Judging) -> bool:
    if judging.watched is None or episode.problem_class not in judging.watched:
        return True
    return episode.place_id in judging.watched[episode.problem_class]


def _belongs(alert: RaisedAlert, episode: Episode, grace: timedelta) -> bool:
    """Say whether the time from firing to resolving touches the episode, within the grace."""
    return (
        alert.place_id == episode.place_id
        and (episode.ended_at is None or alert.fired_at <= episode.ended_at + grace)
        and (alert.resolved_at is None or alert.resolved_at >= episode.began_at - grace)
    )


class _Standing:
    """What stands now, while the lines of a ledger go by."""

    _SWEEP_WITHIN = timedelta(minutes=15)

    def __init__(self, full_level: float) -> None:
        self.newest_at: datetime | None = None
        self._full_level = full_level
        self._full: dict[str, set[str]] = {}
        self._open: dict[tuple[str, ProblemClass], datetime] = {}
        self._unswept: dict[str, datetime] = {}
        self._episodes: list[Episode] = []

    def take(self, line: TruthLine) -> None:
        self.newest_at = max(self.newest_at or line.at, line.at)
        match line.event:
            case TruthEvent.PROBLEM_BEGAN:
                self._began(line, ProblemClass(line.subject or ""))
            case TruthEvent.PROBLEM_ENDED:
                self._ended(line, ProblemClass(line.subject or ""))
            case TruthEvent.LEVEL_REACHED | TruthEvent.LEVEL_LEFT:
                self._level(line)
            case TruthEvent.EMPTIED if line.actor == "planned-round":
                self._unswept.setdefault(line.place_id, line.at)
            case TruthEvent.SWEPT:
                self._swept(line)
            case _:
                pass

    def finished(self) -> list[Episode]:
        """Return all episodes; those still standing have no end."""
        still = [
            Episode(place_id=place_id, problem_class=one, began_at=began_at, ended_at=None)
            for (place_id, one), began_at in self._open.items()
        ]
        unswept = [
            self._not_swept(place_id, emptied_at, None)
            for place_id, emptied_at in self._unswept.items()
            if self.newest_at and self.newest_at - emptied_at > self._SWEEP_WITHIN
        ]
        return [*self._episodes, *still, *unswept]

    def _began(self, line: TruthLine, problem_class: ProblemClass) -> None:
        self._open.setdefault((line.place_id, problem_class), line.at)

    def _ended(self, line: TruthLine, problem_class: ProblemClass) -> None:
        began_at = self._open.pop((line.place_id, problem_class), None)
        if began_at is not None:
            self._episodes.append(
                Episode(
                    place_id=line.place_id,
                    problem_class=problem_class,
                    began_at=began_at,
                    ended_at=line.at,
                )
            )

    def _level(self, line: TruthLine) -> None:
        if line.value != self._full_level or line.subject is None:
            return
        full = self._full.setdefault(line.place_id, set())
        if line.event is TruthEvent.LEVEL_REACHED:
            full.add(line.subject)
            self._began(line, ProblemClass.BIN_OVERFLOW)
        else:
            full.discard(line.subject)
            if not full:
                self._ended(line, ProblemClass.BIN_OVERFLOW)

    def _swept(self, line: TruthLine) -> None:
        emptied_at = self._unswept.pop(line.place_id, None)
        if emptied_at is not None and line.at - emptied_at > self._SWEEP_WITHIN:
            self._episodes.append(self._not_swept(line.place_id, emptied_at, line.at))

    @staticmethod
    def _not_swept(place_id: str, emptied_at: datetime, ended_at: datetime | None) -> Episode:
        return Episode(
            place_id=place_id,
            problem_class=ProblemClass.NOT_SWEPT_AFTER_COLLECTION,
            began_at=emptied_at,
            ended_at=ended_at,
        )
