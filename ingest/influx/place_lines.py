"""How every place stands as points: all of them every ten minutes, a changed one within a minute.

A state depends on the present, as a device's does, so it cannot be told later. It is told in three
shapes. ``place``: a series a place, to look back. ``place_now``: all places of a subdistrict in one
series, with what a map shows, because reading the newest of 2,000 places from 20,000 series takes
seconds. ``places``: a subdistrict's places counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from domain.alerts import Alert
from domain.cases import Case
from domain.device_health import DEFAULT_HEALTH_LIMITS, HealthLimits
from domain.place_state import (
    PlaceDevices,
    PlaceState,
    PresentPlace,
    is_overdue,
    present_place,
)
from domain.places import Place
from domain.ports.clock import Clock
from domain.ports.history import History
from domain.ports.registry import Registry
from domain.problems import ProblemClass
from domain.records import Record, RecordKind
from domain.registry import RegistrySnapshot
from ingest.influx.lines import line
from ingest.influx.source import Lines, Page
from ingest.instants import to_us

EVERY_S = 60
ALL_EVERY = 10
"""Every so many positions all places are told, changed or not."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPOKEN = (RecordKind.FILL, RecordKind.VERDICTS)

Fields = Mapping[str, float | str | None]
_LEVEL_STEPS = 20
_SHOWN_NOW = ("fill", "open_cases", "overflowing", "state")
"""What of a place's fields is in ``place_now`` too."""
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
        registry = self._registry.current()
        present = self._present(at, registry)
        everything = self._told_through is None or (
            self._told_through // ALL_EVERY != newest // ALL_EVERY
        )
        standing = {place_id: _standing(fields) for place_id, fields in present.items()}
        wanted = {
            place_id
            for place_id, stands in standing.items()
            if everything or self._told.get(place_id) != stands
        }
        self._offered = (newest, standing)
        lines = _lines(present, wanted, registry.places, to_us(at) * 1000)
        return Page(entries=1, through=newest, told=Lines.of(lines))

    def newest_position(self) -> int:
        """Return the number of the newest full minute."""
        return to_us(self._clock.now()) // (EVERY_S * 1_000_000)

    def _take_as_told(self, after: int) -> None:
        # What was offered may never have been written; only the next question shows that it was.
        offered, places = self._offered
        if places and after == offered:
            self._told, self._told_through = places, offered

    def _present(self, at: datetime, registry: RegistrySnapshot) -> dict[str, Fields]:
        latest = self._latest()
        alerts = _by_place(self._work.open_alerts())
        cases = _by_place(self._work.open_cases())
        return {
            place_id: _fields(
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
            for place_id in registry.places
        }

    def _latest(self) -> Mapping[str, Record]:
        return {
            device_id: record
            for kind in _SPOKEN
            for device_id, record in self._history.latest(kind).items()
        }


def _lines(
    present: Mapping[str, Fields], wanted: AbstractSet[str], places: Mapping[str, Place], at_ns: int
) -> list[bytes]:
    """Return the points of the wanted places, and of the subdistricts that they are in."""
    lines = []
    counted: defaultdict[str, list[Fields]] = defaultdict(list)
    for number, (place_id, place) in enumerate(places.items()):
        fields = present[place_id]
        counted[place.subdistrict_id].append(fields)
        if place_id in wanted:
            lines.append(line("place", _tags(place), fields, at_ns))
            # A nanosecond for each keeps the places of one series apart.
            area = {"subdistrict_id": place.subdistrict_id}
            lines.append(line("place_now", area, _shown(place, fields), at_ns + number))
    changed = {places[place_id].subdistrict_id for place_id in wanted}
    lines += [
        line("places", {"subdistrict_id": area}, _counted(counted[area]), at_ns)
        for area in sorted(changed)
    ]
    return lines


def _standing(fields: Fields) -> Fields:
    """Return what counts as changed: of the level a step of 5 %, not every drop of a reading."""
    level = fields["fill"]
    return {**fields, "fill": None if level is None else int(float(level) * _LEVEL_STEPS)}


def _shown(place: Place, fields: Fields) -> Fields:
    return {name: fields[name] for name in _SHOWN_NOW} | {
        "latitude": place.location.latitude_deg,
        "longitude": place.location.longitude_deg,
        "name": place.name.zh,
        "name_en": place.name.en or place.name.zh,
        "place_id": place.place_id,
    }


def _counted(places: Sequence[Fields]) -> Fields:
    states = Counter(str(fields["state"]) for fields in places)
    return {state.value: float(states[state]) for state in PlaceState} | {
        "overflowing": float(sum(fields["overflowing"] == 1 for fields in places)),
        "places": float(len(places)),
    }


def _fields(
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
