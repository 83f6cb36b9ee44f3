"""EfficientNet-Lite0 computed in eight bits: the ONNX graph whose convolutions multiply bytes.

The shipped weights are bytes already. What a layer gives is rounded to 255 steps between its lowest
and its highest value: 0 to 6 where ReLU6 follows, else what the training crops showed
(``python -m vision.training.lite0_ranges``). Input and output stay float32, and the picture's 256
values are kept exactly. See the model card for what it saves and what it costs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from vision.lite0 import (
    FEATURES,
    INPUT,
    OUTPUT,
    SIDE_PX,
    ConvSpec,
    lite0_convolutions,
    padding_of,
)
from vision.lite0_file import PackedConv
from vision.onnx_writing import model, node, tensor

_STEPS = 255
_CLIPPED = (0.0, 6.0)
_LARGEST_BIAS = 2.0**30
"""Biases are 32-bit sums beside the products; one bit is left for these."""

PICTURE_STEP, PICTURE_ZERO = 1 / 128, 127
"""How the network's makers scale a picture's bytes: (byte - 127) / 128."""


class LayerRanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lowest and the highest value of the layers without ReLU6, in the network's order.

    ``projected`` are the convolutions that end a block, ``added`` the sums behind some of them.
    """

    projected: tuple[tuple[float, float], ...]
    added: tuple[tuple[float, float], ...]
    measured_on: str


@lru_cache(maxsize=1)
def shipped_ranges() -> LayerRanges:
    """Return the ranges that come with the shipped weights."""
    raw = (files("vision") / "models" / "efficientnet_lite0_ranges.json").read_bytes()
    return msgspec.json.decode(raw, type=LayerRanges)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bytes:
    """A value of the graph that is kept in bytes: ``(byte - zero) * step``."""

    name: str
    step: np.float32
    zero: np.uint8

    @property
    def inputs(self) -> tuple[str, str, str]:
        return (self.name, f"{self.name}_step", f"{self.name}_zero")


@dataclass(slots=True)
class _Graph:
    nodes: list[bytes] = field(default_factory=list)
    tensors: list[bytes] = field(default_factory=list)

    def in_bytes(self, name: str, lowest: float, highest: float) -> _Bytes:
        step = np.float32((highest - lowest) / _STEPS)
        return self.stepped(name, step, np.uint8(round(-lowest / float(step))))

    def stepped(self, name: str, step: np.float32, zero: np.uint8) -> _Bytes:
        self.tensors += [tensor(f"{name}_step", step), tensor(f"{name}_zero", zero)]
        return _Bytes(name=name, step=step, zero=zero)

    def convolve(
        self, before: _Bytes, spec: ConvSpec, packed: PackedConv, after: _Bytes, side: int
    ) -> None:
        kernel, scales, bias = _in_whole_numbers(packed, before.step)
        weights = f"{after.name}_w"
        self.tensors += [
            tensor(weights, kernel),
            tensor(f"{weights}_step", scales),
            tensor(f"{weights}_zero", np.zeros(spec.outputs, dtype=np.int8)),
            tensor(f"{weights}_bias", bias),
        ]
        above, below = padding_of(side, spec)
        self.nodes.append(
            node(
                "QLinearConv",
                [
                    *before.inputs,
                    weights,
                    f"{weights}_step",
                    f"{weights}_zero",
                    *after.inputs[1:],
                    f"{weights}_bias",
                ],
                after.name,
                group=spec.group,
                kernel_shape=(spec.kernel, spec.kernel),
                pads=(above, above, below, below),
                strides=(spec.stride, spec.stride),
            )
        )

    def add(self, one: _Bytes, other: _Bytes, after: _Bytes) -> None:
        terms = [f"{after.name}_of_{term.name}" for term in (one, other)]
        for term, name in zip((one, other), terms, strict=True):
            self.nodes.append(node("DequantizeLinear", term.inputs, name))
        self.nodes.append(node("Add", terms, f"{after.name}_sum"))
        self.nodes.append(
            node("QuantizeLinear", [f"{after.name}_sum", *after.inputs[1:]], after.name)
        )


def lite0_eight_bit_onnx(weights: Sequence[PackedConv], ranges: LayerRanges) -> bytes:
    """Return an ONNX model: ``x`` (1, 3, 224, 224) float32 to ``feat`` (1, 1280) float32.

    Raises ``ValueError`` where weights or ranges are not those of this network.
    """
    specs = lite0_convolutions()
    if [one.kernel.shape for one in weights] != [spec.shape for spec in specs]:
        msg = "these weights are not those of EfficientNet-Lite0"
        raise ValueError(msg)
    projected, added = _checked(ranges.projected, specs), _checked(ranges.added, specs, added=True)
    graph, side = _Graph(), SIDE_PX
    current = graph.stepped("picture", np.float32(PICTURE_STEP), np.uint8(PICTURE_ZERO))
    graph.nodes.append(node("QuantizeLinear", [INPUT, *current.inputs[1:]], current.name))
    kept = current
    for index, (spec, packed) in enumerate(zip(specs, weights, strict=True)):
        if spec.opens:
            kept = current
        after = graph.in_bytes(f"c{index}", *(_CLIPPED if spec.clipped else next(projected)))
        graph.convolve(current, spec, packed, after, side)
        current, side = after, -(-side // spec.stride)
        if spec.closes:
            total = graph.in_bytes(f"a{index}", *next(added))
            graph.add(current, kept, total)
            current = total
    graph.nodes += [
        node("DequantizeLinear", current.inputs, "last"),
        node("GlobalAveragePool", ["last"], "pooled"),
        node("Flatten", ["pooled"], OUTPUT, axis=1),
    ]
    return model(
        graph.nodes,
        graph.tensors,
        inputs=[(INPUT, (1, 3, SIDE_PX, SIDE_PX))],
        outputs=[(OUTPUT, (1, FEATURES))],
    )


def _checked(
    ranges: Sequence[tuple[float, float]], specs: Sequence[ConvSpec], *, added: bool = False
) -> Iterator[tuple[float, float]]:
    """Every range holds zero, which a byte must be able to say; there is one for each layer."""
    wanted = sum(spec.closes if added else not spec.clipped for spec in specs)
    if len(ranges) != wanted or any(not low <= 0.0 < high for low, high in ranges):
        msg = f"{len(ranges)} ranges for {wanted} layers, or one without zero"
        raise ValueError(msg)
    return iter(ranges)


def _in_whole_numbers(
    packed: PackedConv, step: np.float32
) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.int32]]:
    """Return kernel, scales and bias, the bias in steps of the products.

    A channel whose weights are all but nothing beside its bias has a scale too small for that; it
    gets a larger one, in which its weights vanish.
    """
    least = np.abs(packed.bias) / (_LARGEST_BIAS * float(step))
    scales = np.maximum(packed.scales, least).astype(np.float32)
    shrunk = packed.kernel * (packed.scales / scales)[:, None, None, None]
    bias = packed.bias.astype(np.float64) / (scales.astype(np.float64) * float(step))
    return np.rint(shrunk).astype(np.int8), scales, np.rint(bias).astype(np.int32)
