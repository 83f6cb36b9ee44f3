from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.fakes.sample_pictures import clean_scene, with_bag, with_heaped_bin
from vision.eight_bit_processor import multiplies_bytes_exactly
from vision.lite0 import SIDE_PX, lite0_convolutions, lite0_onnx
from vision.lite0_eight_bit import lite0_eight_bit_onnx, shipped_ranges
from vision.lite0_file import SHIPPED_WEIGHTS, PackedConv, read_packed, unpack_weights
from vision.overflow_network import (
    OnnxRuntimeNetwork,
    OverflowNetwork,
    Values,
    load_network,
    prepared_strips,
    shipped_network_head,
)
from vision.training.lite0_ranges import measure_ranges

needs_exact_bytes = pytest.mark.skipif(
    not multiplies_bytes_exactly(), reason="this processor multiplies bytes with loss (no VNNI)"
)


def eight_bit(weights: tuple[PackedConv, ...] | None = None) -> OnnxRuntimeNetwork:
    packed = weights or read_packed(SHIPPED_WEIGHTS.read_bytes())
    return OnnxRuntimeNetwork(lite0_eight_bit_onnx(packed, shipped_ranges()), "0" * 64)


def float32() -> OnnxRuntimeNetwork:
    weights = unpack_weights(SHIPPED_WEIGHTS.read_bytes())
    return OnnxRuntimeNetwork(lite0_onnx(weights), "0" * 64)


@needs_exact_bytes
def test_eight_bits_see_in_a_bin_what_float32_sees() -> None:
    head = shipped_network_head()
    small, large = (OverflowNetwork(one, head) for one in (eight_bit(), float32()))
    for scene in (clean_scene(), with_heaped_bin(clean_scene()), with_bag(clean_scene())):
        for left in (220, 256):
            crop = scene[50:216, left : left + 96]
            assert small.crop_logit(crop) == pytest.approx(large.crop_logit(crop), abs=0.25)
            for values in prepared_strips(crop):
                seen, meant = small.network.run(values), large.network.run(values)
                likeness = seen @ meant / np.linalg.norm(seen) / np.linalg.norm(meant)
                assert likeness > 0.98


def test_the_shipped_network_runs_in_eight_bits_where_the_processor_can() -> None:
    values = next(prepared_strips(clean_scene()[50:216, 256:352]))
    expected = eight_bit() if multiplies_bytes_exactly() else float32()
    assert (load_network().run(values) == expected.run(values)).all()


@needs_exact_bytes
def test_a_channel_of_vanishing_weights_still_gives_its_bias() -> None:
    packed = read_packed(SHIPPED_WEIGHTS.read_bytes())
    last = packed[-1]
    bias = last.bias.copy()
    bias[0], bias[1] = 3.0, -3.0
    scales = last.scales.copy()
    scales[:2] = 1e-14
    changed = eight_bit((*packed[:-1], replace(last, scales=scales, bias=bias)))
    values = next(prepared_strips(clean_scene()[50:216, 256:352]))
    assert changed.run(values)[:2] == pytest.approx([3.0, 0.0], abs=6 / 255)


def test_ranges_that_do_not_fit_the_network_are_refused() -> None:
    packed, ranges = read_packed(SHIPPED_WEIGHTS.read_bytes()), shipped_ranges()
    without_zero = ((1.0, 2.0), *ranges.projected[1:])
    for wrong in (
        msgspec.structs.replace(ranges, projected=ranges.projected[1:]),
        msgspec.structs.replace(ranges, added=(*ranges.added, (-1.0, 1.0))),
        msgspec.structs.replace(ranges, projected=without_zero),
    ):
        with pytest.raises(ValueError, match="ranges for"):
            lite0_eight_bit_onnx(packed, wrong)
    with pytest.raises(ValueError, match="not those of EfficientNet-Lite0"):
        lite0_eight_bit_onnx(packed[1:], ranges)


def test_measured_ranges_hold_what_the_layers_gave() -> None:
    weights = unpack_weights(SHIPPED_WEIGHTS.read_bytes())
    flat: Values = np.zeros((1, 3, SIDE_PX, SIDE_PX), dtype=np.float32)
    street = next(prepared_strips(clean_scene()))
    one = measure_ranges(weights, iter([flat]), "a flat picture")
    both = measure_ranges(weights, iter([flat, street]), "two pictures")
    specs = lite0_convolutions()
    assert len(both.projected) == sum(not spec.clipped for spec in specs)
    assert len(both.added) == sum(spec.closes for spec in specs)
    pairs = zip(one.projected + one.added, both.projected + both.added, strict=True)
    assert all(low >= lower and high <= higher for (low, high), (lower, higher) in pairs)
    assert one.projected != both.projected
