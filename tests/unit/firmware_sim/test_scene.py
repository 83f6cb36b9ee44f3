"""Light and passers-by are pure functions of business time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.devices import Lighting
from firmware_sim.scene import BUCKET_S, light_at, walkers_at

MIDNIGHT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
"""00:00 in Shanghai."""

INSTANTS = st.datetimes(
    min_value=datetime(2025, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def test_a_working_day_is_lit_by_day_and_its_night_by_infra_red() -> None:
    lightings = [
        light_at(MIDNIGHT + timedelta(hours=hour, minutes=5)).lighting for hour in range(24)
    ]
    assert lightings == [Lighting.NIGHT] * 5 + [Lighting.NIGHT] + [Lighting.DAY] * 13 + (
        [Lighting.NIGHT] * 5
    )


def test_noon_is_brighter_than_dusk_and_dusk_is_warmer() -> None:
    noon = light_at(MIDNIGHT + timedelta(hours=12)).gain_bgr
    dusk = light_at(MIDNIGHT + timedelta(hours=18, minutes=30)).gain_bgr
    assert min(noon) > max(dusk)
    assert dusk[2] / dusk[0] > noon[2] / noon[0]


def test_shadows_lie_to_the_left_in_the_morning_and_to_the_right_in_the_evening() -> None:
    assert light_at(MIDNIGHT + timedelta(hours=8)).shadow_x < -0.2
    assert light_at(MIDNIGHT + timedelta(hours=17)).shadow_x > 0.2


def test_at_night_every_colour_becomes_grey() -> None:
    blue, green, red = light_at(MIDNIGHT).on((200.0, 40.0, 90.0))
    assert blue == green == red


@given(INSTANTS)
def test_light_changes_only_between_buckets(at: datetime) -> None:
    start = at - timedelta(seconds=at.timestamp() % BUCKET_S)
    assert light_at(start) == light_at(start + timedelta(seconds=BUCKET_S - 1))


@given(INSTANTS)
def test_the_same_instant_has_the_same_passers_by(at: datetime) -> None:
    assert walkers_at(3, "cam-001", at) == walkers_at(3, "cam-001", at)


def test_people_pass_now_and_then_and_are_gone_by_the_next_snapshot() -> None:
    day = [MIDNIGHT + timedelta(hours=7, minutes=minute) for minute in range(12 * 60)]
    seen = [walkers_at(3, "cam-001", at) for at in day]
    share = sum(bool(walkers) for walkers in seen) / len(seen)
    assert 0.02 < share < 0.25
    stays = [
        walker.look
        for walkers, later in pairwise(seen)
        for walker in walkers
        if walker.look in {other.look for other in later}
    ]
    assert stays == []


def test_somebody_who_passes_crosses_the_whole_picture_one_way() -> None:
    seconds = [MIDNIGHT + timedelta(hours=8, seconds=second) for second in range(900)]
    tracks: dict[int, list[float]] = {}
    for at in seconds:
        for walker in walkers_at(3, "cam-001", at):
            tracks.setdefault(walker.look, []).append(walker.x * walker.facing)
    assert tracks
    assert all(track == sorted(track) for track in tracks.values())
