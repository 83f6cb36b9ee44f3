"""How every place stands now: the stores asked once, the domain's rule applied to each place."""

from collections import defaultdict
from collections.abc import Mapping

from api.parts import CentreParts
from domain.alerts import Alert
from domain.cases import Case
from domain.place_state import PlaceDevices, PresentPlace, present_place
from domain.records import Record, RecordKind
from domain.registry import RegistrySnapshot


def latest_records(parts: CentreParts) -> Mapping[str, Record]:
    """Return the newest reading of every sensor and the newest verdicts of every camera."""
    return {
        **parts.history.latest(RecordKind.FILL),
        **parts.history.latest(RecordKind.VERDICTS),
    }


def present_places(
    parts: CentreParts, registry: RegistrySnapshot, latest: Mapping[str, Record]
) -> Mapping[str, PresentPlace]:
    """Return how each place of the registry stands, by place id."""
    now = parts.clock.now()
    alerts: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in parts.book.open_alerts():
        alerts[alert.place_id].append(alert)
    cases: defaultdict[str, list[Case]] = defaultdict(list)
    for case in parts.book.open_cases():
        cases[case.place_id].append(case)
    return {
        place_id: present_place(
            PlaceDevices(
                sensors=registry.sensors_at[place_id],
                cameras=registry.cameras_at[place_id],
                latest=latest,
            ),
            alerts=alerts[place_id],
            cases=cases[place_id],
            now=now,
            limits=parts.health_limits,
        )
        for place_id in registry.places
    }
