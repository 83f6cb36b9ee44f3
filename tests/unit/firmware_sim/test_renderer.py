"""Pictures follow the truth: the rim, the ground, the light; and nothing else."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from domain.devices import Lighting, Zone, ZoneKind
from firmware_sim.backdrop import Picture
from firmware_sim.camera_geometry import HEIGHT_PX, WIDTH_PX, zones_of
from firmware_sim.camera_server import camera_viewpoint
from firmware_sim.ground import GroundItem, GroundKind, PlaceTruth
from firmware_sim.renderer import SceneRenderer, Viewpoint, encode_jpeg
from firmware_sim.waste_drawing import level_step
from tests.fakes.simulator_rig import SEED, district

NOON = datetime(2026, 3, 3, 4, 1, tzinfo=UTC)
NIGHT = datetime(2026, 3, 3, 14, 1, tzinfo=UTC)
CAMERA_ID = "cam-001"
VIEWPOINT = camera_viewpoint(district(), CAMERA_ID)
SHARED = SceneRenderer(seed=SEED)
"""Pictures do not depend on what was drawn before (the first test below), so one will do."""


def truth(level: float = 0.4, *ground: GroundItem, at: datetime = NOON) -> PlaceTruth:
    first, *others = (view.container_id for view in VIEWPOINT.view.bins)
    levels = {first: level} | dict.fromkeys(others, 0.3)
    return PlaceTruth(place_id="place-001", at=at, levels=levels, ground=ground)


def item(kind: GroundKind, size_m: float, number: int = 1) -> GroundItem:
    return GroundItem(
        item_id=f"item-{number}", kind=kind, x=0.5, y=0.6, size_m=size_m, dropped_at=NOON
    )


def zone(kind: ZoneKind, index: int = 0) -> Zone:
    return [zone for zone in zones_of(VIEWPOINT.view) if zone.kind is kind][index]


def part(picture: Picture, of: Zone) -> Picture:
    xs = [round(x * WIDTH_PX) for x, _ in of.polygon]
    ys = [round(y * HEIGHT_PX) for _, y in of.polygon]
    return picture[min(ys) : max(ys), min(xs) : max(xs)]


def changed_share(before: Picture, after: Picture) -> float:
    """The share of pixels that differ by more than noise."""
    difference = np.abs(before.astype(int) - after.astype(int)).max(axis=2)
    return float((difference > 30).mean())


def quiet(of: PlaceTruth, at: datetime = NOON) -> Picture:
    return SHARED.quiet_snapshot(VIEWPOINT, of, at)


def test_the_same_seed_truth_and_time_give_the_same_picture_whatever_was_drawn_before() -> None:
    fresh, used = SceneRenderer(seed=SEED), SceneRenderer(seed=SEED)
    littered = truth(1.1, item(GroundKind.BAG, 0.5))
    used.snapshot(VIEWPOINT, truth(0.2), NIGHT)
    used.snapshot(VIEWPOINT, littered, NOON + timedelta(minutes=31))
    used.snapshot(VIEWPOINT, truth(1.05), NOON)
    assert np.array_equal(
        used.snapshot(VIEWPOINT, littered, NOON), fresh.snapshot(VIEWPOINT, littered, NOON)
    )


def test_another_seed_gives_another_street() -> None:
    one, other = (
        SceneRenderer(seed=seed).clean_reference(VIEWPOINT, Lighting.DAY) for seed in (1, 2)
    )
    assert changed_share(one, other) > 0.2


def test_an_overflowing_bin_shows_in_its_own_zone_and_in_no_other() -> None:
    before, after = quiet(truth(0.9)), quiet(truth(1.05))
    assert changed_share(part(before, zone(ZoneKind.BIN)), part(after, zone(ZoneKind.BIN))) > 0.08
    for untouched in (zone(ZoneKind.BIN, 1), zone(ZoneKind.GROUND)):
        assert changed_share(part(before, untouched), part(after, untouched)) == 0.0


def test_a_level_under_the_rim_does_not_show() -> None:
    assert np.array_equal(quiet(truth(0.05)), quiet(truth(0.99)))


def test_more_waste_over_the_rim_rises_higher() -> None:
    closed, steps = quiet(truth(0.5)), []
    for level in (1.0, 1.07, 1.15):
        bin_zone = zone(ZoneKind.BIN)
        rows = np.abs(part(quiet(truth(level)), bin_zone).astype(int) - part(closed, bin_zone)).max(
            axis=(1, 2)
        )
        steps.append(int(np.argmax(rows > 30)))
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > steps[2]


@pytest.mark.parametrize(
    ("kind", "size_m", "least", "most"),
    [
        (GroundKind.LITTER, 0.12, 0.0005, 0.01),
        (GroundKind.BAG, 0.45, 0.006, 0.05),
        (GroundKind.HEAP, 1.3, 0.04, 0.30),
    ],
)
def test_what_lies_on_the_ground_shows_there_at_its_size(
    kind: GroundKind, size_m: float, least: float, most: float
) -> None:
    ground = zone(ZoneKind.GROUND)
    before, after = quiet(truth()), quiet(truth(0.4, item(kind, size_m)))
    assert least < changed_share(part(before, ground), part(after, ground)) < most
    assert changed_share(part(before, zone(ZoneKind.BIN)), part(after, zone(ZoneKind.BIN))) == 0.0


def test_a_thing_looks_the_same_in_every_snapshot_it_lies_in() -> None:
    lying, newcomer = item(GroundKind.BAG, 0.4), item(GroundKind.LITTER, 0.1, number=2)
    far = GroundItem(
        item_id="item-2", kind=GroundKind.LITTER, x=0.05, y=0.95, size_m=0.1, dropped_at=NOON
    )
    alone, together = quiet(truth(0.4, lying)), quiet(truth(0.4, lying, far))
    assert newcomer.item_id == far.item_id
    left, right = np.s_[:, 320:], np.s_[:, :320]
    assert np.array_equal(alone[left], together[left])
    assert not np.array_equal(alone[right], together[right])


def test_the_clean_references_are_what_a_clean_place_looks_like_by_day_and_night() -> None:
    renderer = SHARED
    clean = truth(0.0)
    for lighting, at in ((Lighting.DAY, NOON), (Lighting.NIGHT, NIGHT)):
        reference = renderer.clean_reference(VIEWPOINT, lighting)
        assert changed_share(reference, renderer.quiet_snapshot(VIEWPOINT, clean, at)) < 0.001


def test_shadows_of_a_bright_day_stay_softer_than_waste() -> None:
    """A detector may hold a snapshot of any hour against the noon reference after a gain."""
    ground = zone(ZoneKind.GROUND)
    reference = part(SHARED.clean_reference(VIEWPOINT, Lighting.DAY), ground).astype(float)
    for hour in range(-5, 6, 2):
        seen = part(quiet(truth(), NOON + timedelta(hours=hour)), ground).astype(float)
        gain = np.median(reference, axis=(0, 1)) / np.median(seen, axis=(0, 1))
        assert float((np.abs(seen * gain - reference).max(axis=2) > 30).mean()) < 0.005


def test_night_is_grey_and_noisier_than_day() -> None:
    renderer = SHARED
    noises = {}
    for at in (NOON, NIGHT):
        one, other = (
            renderer.snapshot(VIEWPOINT, truth(), at + timedelta(seconds=s)) for s in (0, 1)
        )
        noises[at] = float(np.std(one[40:100].astype(int) - other[40:100]))
    night = renderer.snapshot(VIEWPOINT, truth(), NIGHT)[40:]
    assert int(np.ptp(night.astype(int), axis=2).max()) == 0
    assert noises[NIGHT] > 1.5 * noises[NOON] > 1.5


def test_only_so_many_scenes_are_kept() -> None:
    renderer = SceneRenderer(seed=SEED, kept_scenes=2)
    for number in range(4):
        viewpoint = Viewpoint(scene_id=f"scene-{number}", view=VIEWPOINT.view)
        renderer.quiet_snapshot(viewpoint, truth(), NOON)
    assert len(renderer._stages) == len(renderer._backdrops) == 2


def test_a_level_has_sixteen_steps_over_the_rim() -> None:
    assert [level_step(level) for level in (0.0, 0.999, 1.0, 1.15, 3.0)] == [0, 0, 1, 16, 16]


def test_a_snapshot_is_a_small_jpeg() -> None:
    jpeg = encode_jpeg(SHARED.snapshot(VIEWPOINT, truth(), NIGHT))
    assert jpeg[:2] == b"\xff\xd8"
    assert len(jpeg) < 120_000
