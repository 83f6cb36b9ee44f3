from firmware_sim.chance import draw


def test_a_purpose_has_one_draw_for_ever() -> None:
    assert draw("7/fault/0/fill-001-a") == draw("7/fault/0/fill-001-a")
    assert draw("a run of long ago") == 0.6412887006357911


def test_draws_of_like_purposes_are_spread_evenly() -> None:
    draws = [draw(f"7/fill-001-a/{number}") for number in range(5_000)]
    tenths = [sum(low <= 10 * one < low + 1 for one in draws) for low in range(10)]
    assert sum(tenths) == 5_000
    assert all(420 <= count <= 580 for count in tenths)
    rises = sum(late > early for early, late in zip(draws[::2], draws[1::2], strict=True))
    assert 1_150 <= rises <= 1_350
