"""How every place stands as points: all of them every ten minutes, a changed one within a minute.

A state depends on the present, as a device's does, so it cannot be told later. What the registry
says of a place goes with it, so that a map needs no other query.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from domain.alerts import Alert
from domain.cases import Case
from domain.device_health import DEFAULT_HEALTH_LIMITS, HealthLimits
from domain.place_state import PlaceDevices, PresentPlace, is_overdue, present_place
from domain.places import Place
from domain.ports.clock import Clock
from domain.ports.history import History
from domain.ports.registry import Registry
from domain.problems import ProblemClass
from domain.records import Record, RecordKind
from ingest.influx.lines import line
from ingest.influx.source import Lines, Page
from ingest.instants import to_us

EVERY_S = 60
ALL_EVERY = 10
"""Every so many positions all places are told, changed or not."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPOKEN = (RecordKind.FILL, RecordKind.VERDICTS)

Fields = Mapping[str, float | str | None]
_Work = TypeVar("_Work", Alert, Case)


class OpenWork(Protocol):
    """What is open now. Either may be a moment older than the other."""

    def open_alerts(self) -> Sequence[Alert]:
        """Return every open alert."""
        ...

    def open_cases(self) -> Sequence[Case]:
        """Return every case that still wants something."""
        ...


class PlaceLines:
    """Fulfils ``ingest.influx.source.LineSource``; a position is a number of minutes."""

    def __init__(
        self,
        *,
        history: History,
        work: OpenWork,
        registry: Registry,
        clock: Clock,
        limits: HealthLimits = DEFAULT_HEALTH_LIMITS,
    ) -> None:
        self._history = history
        self._work = work
        self._registry = registry
        self._clock = clock
        self._limits = limits
        self._told: dict[str, Fields] = {}
        self._told_through: int | None = None
        self._offered: tuple[int, dict[str, Fields]] = (0, {})

    def read(self, *, after: int, limit: int) -> Page | None:  # noqa: ARG002  it is one moment
        """Return the places to be told at the newest full minute; None when they were."""
        newest = self.newest_position()
        if newest <= after:
            return None
        self._take_as_told(after)
        at = _EPOCH + timedelta(seconds=newest * EVERY_S)
        present = self._present(at)
        everything = self._told_through is None or (
            self._told_through // ALL_EVERY != newest // ALL_EVERY
        )
        wanted = {
            place_id: fields
            for place_id, fields in present.items()
            if everything or self._told.get(place_id) != fields
        }
        self._offered = (newest, present)
        registry = self._registry.current()
        lines = [
            line("place", _tags(registry.places[place_id]), fields, to_us(at) * 1000)
            for place_id, fields in wanted.items()
        ]
        return Page(entries=1, through=newest, told=Lines(lines=lines))

    def newest_position(self) -> int:
        """Return the number of the newest full minute."""
        return to_us(self._clock.now()) // (EVERY_S * 1_000_000)

    def _take_as_told(self, after: int) -> None:
        # What was offered may never have been written; only the next question shows that it was.
        offered, places = self._offered
        if places and after == offered:
            self._told, self._told_through = places, offered

    def _present(self, at: datetime) -> dict[str, Fields]:
        registry = self._registry.current()
        latest = self._latest()
        alerts = _by_place(self._work.open_alerts())
        cases = _by_place(self._work.open_cases())
        return {
            place_id: _fields(
                place,
                present_place(
                    PlaceDevices(
                        sensors=registry.sensors_at[place_id],
                        cameras=registry.cameras_at[place_id],
                        latest=latest,
                    ),
                    alerts=alerts[place_id],
                    cases=cases[place_id],
                    now=at,
                    limits=self._limits,
                ),
                alerts=alerts[place_id],
                cases=cases[place_id],
                at=at,
            )
            for place_id, place in registry.places.items()
        }

    def _latest(self) -> Mapping[str, Record]:
        return {
            device_id: record
            for kind in _SPOKEN
            for device_id, record in self._history.latest(kind).items()
        }


def _fields(
    place: Place,
    present: PresentPlace,
    *,
    alerts: Sequence[Alert],
    cases: Sequence[Case],
    at: datetime,
) -> Fields:
    overflows = any(alert.subject is ProblemClass.BIN_OVERFLOW for alert in alerts)
    return {
        "devices": present.devices,
        "fill": present.highest_level,
        "fresh_devices": present.fresh_devices,
        "latitude": place.location.latitude_deg,
        "longitude": place.location.longitude_deg,
        "name": place.name.zh,
        "name_en": place.name.en or place.name.zh,
        "open_cases": len(cases),
        "overdue_cases": sum(is_overdue(case, at) for case in cases),
        "overflowing": float(overflows),
        "state": present.state,
    }


def _tags(place: Place) -> dict[str, str]:
    return {"place_id": place.place_id, "subdistrict_id": place.subdistrict_id}


def _by_place(things: Iterable[_Work]) -> Mapping[str, Sequence[_Work]]:
    found: defaultdict[str, list[_Work]] = defaultdict(list)
    for thing in things:
        found[thing.place_id].append(thing)
    return found
