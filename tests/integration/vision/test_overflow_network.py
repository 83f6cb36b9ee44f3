import pickle
import struct

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fakes.sample_pictures import clean_scene, jpeg_of
from vision.lite0 import (
    FEATURES,
    INPUT,
    OUTPUT,
    SIDE_PX,
    ConvWeights,
    lite0_convolutions,
    lite0_onnx,
)
from vision.lite0_file import UnusableWeightsError, pack_weights, unpack_weights
from vision.onnx_writing import model, node, tensor
from vision.overflow_network import (
    STRIPS,
    OpenCvNetwork,
    OverflowNetwork,
    UnusableNetworkError,
    load_network,
    parse_network_head,
    shipped_network_head,
    strip_features,
)
from vision.overflow_score import UnusableHeadError
from vision.training.torch_checkpoint import UnreadableCheckpointError, read_state


def tiny_onnx(features: int = FEATURES) -> bytes:
    """Feature n is the mean of channel n % 3 of the picture, cut at 0 and 6."""
    kernel = np.zeros((features, 3, 1, 1), dtype=np.float32)
    kernel[np.arange(features), np.arange(features) % 3] = 1.0
    return model(
        [
            node("Conv", [INPUT, "w", "b"], "c", kernel_shape=(1, 1)),
            node("Clip", ["c"], "r", min=0.0, max=6.0),
            node("GlobalAveragePool", ["r"], "p"),
            node("Flatten", ["p"], OUTPUT, axis=1),
        ],
        [tensor("w", kernel), tensor("b", np.zeros(features, dtype=np.float32))],
        inputs=[(INPUT, (1, 3, SIDE_PX, SIDE_PX))],
        outputs=[(OUTPUT, (1, features))],
    )


def random_weights() -> tuple[ConvWeights, ...]:
    random = np.random.default_rng(5)
    return tuple(
        ConvWeights(
            kernel=random.normal(0, 0.3, spec.shape).astype(np.float32),
            bias=random.normal(0, 0.3, spec.outputs).astype(np.float32),
        )
        for spec in lite0_convolutions()
    )


def test_a_model_written_by_us_computes_what_it_says() -> None:
    network = OpenCvNetwork(tiny_onnx(), "0" * 64)
    values = np.zeros((1, 3, SIDE_PX, SIDE_PX), dtype=np.float32)
    values[0, 1], values[0, 2] = 0.5, 9.0
    assert network.run(values)[:6] == pytest.approx([0.0, 0.5, 6.0, 0.0, 0.5, 6.0])


def test_strips_are_red_first_and_each_of_length_one() -> None:
    crop = np.zeros((100, 60, 3), dtype=np.uint8)
    crop[..., 2] = 255
    rows = strip_features(OpenCvNetwork(tiny_onnx(), "0" * 64), crop)
    assert rows.shape == (len(STRIPS), FEATURES)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(len(STRIPS)))
    assert (rows[:, 0] > 0).all()
    assert (rows[:, 1:3] == 0).all()


def test_a_network_with_other_features_is_refused() -> None:
    for raw in (tiny_onnx(7), b"no model at all"):
        with pytest.raises(UnusableNetworkError):
            OpenCvNetwork(raw, "0" * 64)


def test_the_network_pads_as_its_makers_did_and_opencv_loads_it() -> None:
    specs = lite0_convolutions()
    assert len(specs) == 49
    assert sum(np.prod(spec.shape) for spec in specs) == 3_328_992
    raw = lite0_onnx(random_weights(), height_px=64, width_px=96)
    net = cv2.dnn.readNetFromONNX(np.frombuffer(raw, dtype=np.uint8))
    net.setInput(np.zeros((1, 3, 64, 96), dtype=np.float32))
    assert np.isfinite(net.forward()).all()
    with pytest.raises(ValueError, match="not those of EfficientNet-Lite0"):
        lite0_onnx(random_weights()[1:])


def test_packed_weights_come_back_within_half_a_step() -> None:
    weights = random_weights()
    raw = pack_weights(weights)
    for before, after in zip(weights, unpack_weights(raw), strict=True):
        steps = np.abs(before.kernel).max(axis=(1, 2, 3), keepdims=True) / 127
        assert (np.abs(before.kernel - after.kernel) <= steps * 0.5001).all()
        assert (before.bias == after.bias).all()
    for broken in (b"", raw[:1000], pickle.dumps({"k0": 1})):
        with pytest.raises(UnusableWeightsError):
            unpack_weights(broken)


def test_the_shipped_head_belongs_to_the_shipped_network() -> None:
    head = shipped_network_head()
    overflow = OverflowNetwork(load_network(), head)
    assert overflow.network.sha256 == head.network_sha256
    assert "none stated" in head.provenance.licence_of_data
    assert np.isfinite(overflow.crop_logit(clean_scene()[50:216, 256:352]))


def test_a_head_for_other_strips_or_features_is_refused() -> None:
    good = msgspec.json.decode(msgspec.json.encode(shipped_network_head()))
    assert parse_network_head(msgspec.json.encode(good)) == shipped_network_head()
    for change in ({"weights": [0.0] * 3}, {"strips": [0.5]}, {"surplus": 1}):
        with pytest.raises(UnusableHeadError):
            parse_network_head(msgspec.json.encode({**good, **change}))


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("never",)


def test_a_checkpoint_that_would_run_something_is_refused() -> None:
    for raw in (pickle.dumps(_Evil()), b"", pickle.dumps(1), jpeg_of(clean_scene())):
        with pytest.raises(UnreadableCheckpointError):
            read_state(raw)


def old_checkpoint(values: NDArray[np.float32], *, announced: int) -> bytes:
    """Write one tensor as PyTorch did before 1.6, by hand: pickle opcodes and one storage."""
    tensor_parts = (
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
        b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuM" + struct.pack("<H", announced) + b"NtQ"
        b"K\x00K\x02K\x03\x86K\x03K\x01\x86\x89NtR"
    )
    state = b"\x80\x02}(X\x01\x00\x00\x00w" + tensor_parts + b"u."
    return b"".join(
        [
            pickle.dumps(0x1950A86A20F9469CFC6C, 2),
            pickle.dumps(1001, 2),
            pickle.dumps({}, 2),
            state,
            pickle.dumps(["0"], 2),
            struct.pack("<q", values.size),
            values.astype("<f4").tobytes(),
        ]
    )


def test_a_tensor_of_an_old_checkpoint_is_read_without_pytorch() -> None:
    values = np.arange(6, dtype=np.float32)
    found = read_state(old_checkpoint(values, announced=6))
    assert found["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(UnreadableCheckpointError):
        read_state(old_checkpoint(values, announced=7))
    with pytest.raises(UnreadableCheckpointError):
        read_state(old_checkpoint(values[:4], announced=4))
