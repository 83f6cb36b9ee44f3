"""Photos of the simulated phones pass for photos of people: seldom twice the same."""

from datetime import timedelta
from itertools import combinations

import numpy as np

from domain.photo_evidence import alike
from firmware_sim.sample_photos import Condition, Shot
from tests.fakes.simulator_rig import simulator_rig
from vision.fingerprint import fingerprint_of
from vision.limited_cv2 import bytes_of, cv2


def test_photos_of_a_place_at_other_times_are_not_taken_for_one_photo() -> None:
    rig = simulator_rig()
    start = rig.clock.now()
    taken: dict[tuple[str, Shot], list[int]] = {}
    for place_id in sorted(rig.world.district.registry.places)[1:2]:
        for shot in Shot:
            for hours in range(1, 5):
                raw = rig.parts.photos.photo(
                    place_id, Condition.CLEAN, shot, start + timedelta(hours=hours)
                )
                picture = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_COLOR)
                fingerprint = fingerprint_of(bytes_of(picture))
                taken.setdefault((place_id, shot), []).append(fingerprint)
    pairs = [pair for prints in taken.values() for pair in combinations(prints, 2)]
    views = [
        (one, other)
        for (place_id, shot), prints in taken.items()
        if shot is Shot.OVERVIEW
        for one, other in zip(prints, taken[place_id, Shot.CLOSE_UP], strict=True)
    ]
    assert not any(alike(one, other) for one, other in pairs)
    assert not any(alike(one, other) for one, other in views)
