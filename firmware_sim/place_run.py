"""One place's run: its own events and what people did there, folded to its state at any time."""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from firmware_sim.profiles import PlaceProfile
from firmware_sim.seconds import HOUR_S, local_day
from firmware_sim.waste import Event, PlaceState, apply, arrivals, day_plan

_CHECKPOINTS_KEPT = 72
_HOURS_KEPT, _DAYS_KEPT = 4, 2


@dataclass(order=True, slots=True)
class _Action:
    at_s: float
    order: int
    event: Event = field(compare=False)


class PlaceRun:
    """Answers for one place. Not thread-safe; times are seconds since the epoch.

    A state asked for before the oldest kept checkpoint is that checkpoint's.
    """

    def __init__(self, profile: PlaceProfile, seed: int, started_s: float) -> None:
        self._profile = profile
        self._seed = seed
        levels = {one.container_id: one.level_at_start for one in profile.containers}
        self._latest = PlaceState(at_s=started_s, levels=levels)
        self._checkpoints = [self._latest]
        self._actions: list[_Action] = []
        self._by_hour: dict[int, list[Event]] = {}
        self._by_day: dict[int, list[Event]] = {}

    def state_at(self, at_s: float) -> PlaceState:
        """Return the place's state at that time."""
        state = self._latest
        if at_s < state.at_s:
            index = bisect_right(self._checkpoints, at_s, key=lambda one: one.at_s)
            state = self._checkpoints[max(0, index - 1)]
        for event in self.events_between(state.at_s, at_s):
            state = apply(state, event)
        if at_s > self._latest.at_s:
            self._latest = PlaceState(at_s=at_s, levels=state.levels, ground=state.ground)
            if at_s // HOUR_S > self._checkpoints[-1].at_s // HOUR_S:
                self._checkpoints.append(self._latest)
                del self._checkpoints[:-_CHECKPOINTS_KEPT]
        return state

    def events_between(self, after_s: float, until_s: float) -> Iterator[Event]:
        """Yield the events later than ``after_s`` up to and including ``until_s``, by time."""
        if until_s <= after_s:
            return
        first = bisect_right(self._actions, after_s, key=lambda one: one.at_s)
        last = bisect_right(self._actions, until_s, key=lambda one: one.at_s)
        actions = [one.event for one in self._actions[first:last]]
        for hour in range(int(after_s // HOUR_S), int(until_s // HOUR_S) + 1):
            for event in self._hour(hour):
                if event.at_s > until_s:
                    break
                if event.at_s > after_s:
                    while actions and actions[0].at_s <= event.at_s:
                        yield actions.pop(0)
                    yield event
        yield from actions

    def act(self, event: Event) -> None:
        """Add what somebody did; states from that time on change."""
        insort(self._actions, _Action(at_s=event.at_s, order=len(self._actions), event=event))
        keep = bisect_right(self._checkpoints, event.at_s, key=lambda one: one.at_s)
        if keep and self._checkpoints[keep - 1].at_s >= event.at_s and keep > 1:
            keep -= 1
        del self._checkpoints[max(1, keep) :]
        if self._latest.at_s >= event.at_s:
            self._latest = self._checkpoints[-1]

    def _hour(self, epoch_hour: int) -> list[Event]:
        events = self._by_hour.get(epoch_hour)
        if events is None:
            start_s = epoch_hour * HOUR_S
            planned = [
                event
                for event in self._day(local_day(start_s))
                if start_s <= event.at_s < start_s + HOUR_S
            ]
            events = sorted(
                [*arrivals(self._profile, self._seed, epoch_hour), *planned],
                key=lambda event: event.at_s,
            )
            self._by_hour[epoch_hour] = events
            while len(self._by_hour) > _HOURS_KEPT:
                del self._by_hour[next(iter(self._by_hour))]
        return events

    def _day(self, day: int) -> list[Event]:
        plan = self._by_day.get(day)
        if plan is None:
            plan = self._by_day[day] = day_plan(self._profile, self._seed, day)
            while len(self._by_day) > _DAYS_KEPT:
                del self._by_day[next(iter(self._by_day))]
        return plan
