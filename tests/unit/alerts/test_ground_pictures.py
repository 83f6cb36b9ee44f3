"""What a ground check compares with: the camera's last picture before the emptying."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alerts.limits import AlertRules
from alerts.rules.ground_check import GroundCheck, GroundCheckResult, Look, begin, cut_short, look
from alerts.rules.ground_pictures import GroundPicture, PictureTrail, keep, last_before
from domain.problems import ProblemClass
from domain.records import VerdictState

START = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
RULES = AlertRules()


def picture(minute: float, device_id: str = "camera") -> GroundPicture:
    return GroundPicture(
        device_id=device_id,
        sha256=f"{round(minute * 60):064x}",
        taken_at=START + timedelta(minutes=minute),
    )


def trail_of(*minutes: float) -> PictureTrail:
    trail = PictureTrail()
    for minute in minutes:
        trail = keep(trail, picture(minute))
    return trail


def seen(minute: float, ground: VerdictState, device_id: str = "camera") -> Look:
    present = ground is VerdictState.PRESENT
    return Look(
        ground=ground,
        observed_at=START + timedelta(minutes=minute),
        picture=picture(minute, device_id),
        found=(ProblemClass.SCATTERED_LITTER,) if present else (),
    )


@given(st.lists(st.integers(0, 60), min_size=1, unique=True).map(sorted), st.integers(0, 60))
def test_the_picture_before_is_never_later_and_misses_none_of_the_five_minutes_before(
    minutes: list[int], at: int
) -> None:
    found = last_before(trail_of(*minutes), START + timedelta(minutes=at))
    earlier = [minute for minute in minutes if minute <= at]
    of_slots_before = [minute for minute in earlier if minute // 5 < at // 5]
    if found is not None:
        assert found in [picture(minute) for minute in earlier]
    if of_slots_before:
        assert found is not None
        assert found.taken_at >= picture(max(of_slots_before)).taken_at
    if earlier == minutes:
        assert found == picture(minutes[-1])


def test_a_trail_reaches_back_an_hour_and_grows_no_further() -> None:
    trail = trail_of(*range(600))
    assert len(trail.pictures) == 13
    assert last_before(trail, START + timedelta(minutes=599 - 59)) is not None
    assert keep(trail, picture(10)) == trail


def test_containers_of_one_round_keep_the_picture_from_before_the_first() -> None:
    first = begin(None, START, "near", RULES, before=(picture(-1),))
    later = START + timedelta(minutes=3)
    assert begin(first, later, "far", RULES, before=(picture(2),)).before == (picture(-1),)


def test_the_picture_of_the_camera_that_decided_stands_beside_its_own_from_before() -> None:
    before = (picture(-2, "other"), picture(-1))
    check = begin(None, START, "near", RULES, before=before)
    assert check.compared_with == picture(-2, "other")
    ended = look(check, seen(20, VerdictState.PRESENT), RULES)
    assert ended.result is GroundCheckResult.NOT_SWEPT
    assert (ended.picture, ended.compared_with) == (picture(20), picture(-1))
    assert ended.found == (ProblemClass.SCATTERED_LITTER,)
    alone = look(begin(None, START, "near", RULES), seen(20, VerdictState.PRESENT), RULES)
    assert alone.compared_with is None


def test_a_check_cut_short_after_a_clean_look_keeps_the_picture_of_that_look() -> None:
    check = begin(None, START, "near", RULES)
    clean = look(check, seen(16, VerdictState.CLEAR), RULES)
    unsure = look(clean, seen(17, VerdictState.PRESENT), RULES)
    ended = cut_short(unsure, START + timedelta(minutes=25))
    assert (ended.result, ended.picture) == (GroundCheckResult.SWEPT, picture(16))


def test_a_check_written_before_pictures_were_kept_is_read_without_any() -> None:
    written = b'{"emptied_at":"2026-03-03T01:00:00Z","device_id":"near","result":"swept"}'
    check = msgspec.json.decode(written, type=GroundCheck)
    assert (check.result, check.before, check.picture) == (GroundCheckResult.SWEPT, (), None)
    ended = look(begin(None, START, "n", RULES), seen(20, VerdictState.PRESENT), RULES)
    assert msgspec.json.decode(msgspec.json.encode(ended), type=GroundCheck) == ended
