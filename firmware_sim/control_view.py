"""What the control page shows, worked out from the truth: data for the template."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.fill import fill_state
from domain.places import AreaKind, Place
from domain.registry import RegistrySnapshot
from firmware_sim.camera_server import CameraFault
from firmware_sim.district_places import VISITOR_CREW_ID
from firmware_sim.ground import PlaceTruth, ground_problems
from texts.catalogue import Catalogue, Locale
from texts.formatting import format_clock, format_date, format_share, name_in

BAR_FULL = 1.2
"""The level at the right end of a bar: a little over the highest heap."""

SPEEDS = (0.0, 1.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BinRow:
    """One bin: its true level, in words and as a share of the bar."""

    container_id: str
    letter: str
    share: str
    bar_ratio: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRow:
    """A camera of a place and what is wrong with it."""

    camera_id: str
    fault: CameraFault


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCard:
    """One place as the control page shows it."""

    place_id: str
    name: str
    kind: str
    is_visitors: bool
    bins: tuple[BinRow, ...]
    ground: str
    ground_is_fine: bool
    cameras: tuple[CameraRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCards:
    """The places of one kind of surroundings."""

    area_id: str
    title: str
    places: tuple[PlaceCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRow:
    """A crew's phone in the list."""

    crew_id: str
    name: str
    is_visitors: bool
    messages: int
    unread: int
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """The business clock: date, time of day, speed."""

    date: str
    time: str
    speed: float


def clock_view(now: datetime, speed: float, locale: Locale) -> ClockView:
    """Return the business clock as people read it."""
    return ClockView(date=format_date(now, locale), time=format_clock(now, locale), speed=speed)


def area_cards(
    registry: RegistrySnapshot,
    truths: Mapping[str, PlaceTruth],
    faults: Mapping[str, CameraFault],
    catalogue: Catalogue,
    locale: Locale,
) -> tuple[AreaCards, ...]:
    """Return all places by area; in each the visitor's own first, then those with a camera."""
    cards: dict[AreaKind, list[PlaceCard]] = {area: [] for area in AreaKind}
    for place in registry.places.values():
        card = _place_card(registry, place, truths[place.place_id], faults, catalogue, locale)
        cards[place.area_kind].append(card)
    return tuple(
        AreaCards(
            area_id=area.value,
            title=catalogue.word(area, locale),
            places=tuple(
                sorted(found, key=lambda c: (not c.is_visitors, not c.cameras, c.place_id))
            ),
        )
        for area, found in cards.items()
        if found
    )


def _place_card(
    registry: RegistrySnapshot,
    place: Place,
    truth: PlaceTruth,
    faults: Mapping[str, CameraFault],
    catalogue: Catalogue,
    locale: Locale,
) -> PlaceCard:
    bins = tuple(
        BinRow(
            container_id=container_id,
            letter=container_id.rpartition("-")[2].upper(),
            share=format_share(level, locale),
            bar_ratio=round(min(1.0, level / BAR_FULL), 3),
            state=fill_state(level).value,
        )
        for container_id, level in truth.levels.items()
    )
    return PlaceCard(
        place_id=place.place_id,
        name=name_in(place.name, locale),
        kind=catalogue.word(place.kind, locale),
        is_visitors=place.crew_id == VISITOR_CREW_ID,
        bins=bins,
        ground=ground_words(truth, catalogue, locale),
        ground_is_fine=not ground_problems(truth.ground),
        cameras=tuple(
            CameraRow(camera_id=camera.device_id, fault=faults[camera.device_id])
            for camera in registry.cameras_at[place.place_id]
        ),
    )


def ground_words(truth: PlaceTruth, catalogue: Catalogue, locale: Locale) -> str:
    """Return what lies on the ground, counted by kind."""
    counts = Counter(item.kind for item in truth.ground)
    if not counts:
        return catalogue.text("simulator.ground.clean", locale)
    return " · ".join(
        catalogue.text(f"simulator.ground.{kind.value}", locale, count=counts[kind])
        for kind in sorted(counts)
    )
