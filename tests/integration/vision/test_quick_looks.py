"""Quick looks and full ones over the same pictures of a rendered place: the same is said."""

from datetime import UTC, datetime, timedelta

from domain.records import VerdictState
from firmware_sim.ground import GroundKind
from tests.fakes.sample_pictures import jpeg_of
from tests.integration.vision.test_rendered_scenes import Scene
from vision.picture_input import decode_picture

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
"""At dusk: the light goes while people walk by."""


def test_a_place_through_dusk_gives_the_same_verdicts_boxes_and_evidence_both_ways() -> None:
    scene, quick = Scene(), Scene(quick_looks=True).judge
    bag, litter = ((GroundKind.BAG, 0.45),), ((GroundKind.LITTER, 0.2),) * 6
    shown = [*[()] * 30, *[bag] * 8, *[()] * 25, *[litter] * 8, *[()] * 19]
    small, seen = 0, set()
    for minute, items in enumerate(shown):
        raw = jpeg_of(scene.picture(START + timedelta(minutes=minute), 0.3 + 0.009 * minute, items))
        full, full_jpeg = scene.judge.judge(raw)
        said, jpeg = quick.judge(raw)
        assert said.camera_health is full.camera_health
        assert [
            (v.zone_id, v.problem_class, v.state, v.boxes, v.reasons) for v in said.verdicts
        ] == [(v.zone_id, v.problem_class, v.state, v.boxes, v.reasons) for v in full.verdicts]
        seen |= {v.state for v in full.verdicts}
        assert jpeg is not None
        if jpeg != full_jpeg:
            small += 1
            assert {v.state for v in said.verdicts} == {VerdictState.CLEAR}
            assert full_jpeg is not None
            assert decode_picture(jpeg).shape[1] * 2 == decode_picture(full_jpeg).shape[1]
    assert seen == set(VerdictState)
    assert small >= 10, "quick looks were made at all"
