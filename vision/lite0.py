"""EfficientNet-Lite0 without its classifier: a list of convolutions, and the ONNX graph of them.

The architecture is that of Tan and Le's TensorFlow release ("lite": no squeeze and excitation,
ReLU6); its "SAME" padding depends on the size of the picture and is written out as fixed numbers,
since OpenCV refuses a graph that computes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.onnx_writing import model, node, tensor

Weights = NDArray[np.float32]

INPUT, OUTPUT = "x", "feat"
SIDE_PX = 224
FEATURES = 1280

_STEM, _HEAD = 32, FEATURES
_STAGES = (
    # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvSpec:
    """One convolution. ``group`` equals the channels where it is depthwise; ``clipped`` where
    ReLU6 follows; ``opens`` and ``closes`` mark a block whose input is added to its output.
    """

    inputs: int
    outputs: int
    kernel: int
    stride: int
    group: int
    clipped: bool
    opens: bool = False
    closes: bool = False
    block: int | None = None
    role: str = ""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of its weights: (outputs, inputs a group, rows, columns)."""
        return (self.outputs, self.inputs // self.group, self.kernel, self.kernel)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvWeights:
    """``kernel`` as :attr:`ConvSpec.shape` says, ``bias`` (outputs,); both float32."""

    kernel: Weights
    bias: Weights


def lite0_convolutions() -> tuple[ConvSpec, ...]:
    """Return all convolutions of the network in their order."""
    return (
        ConvSpec(
            inputs=3, outputs=_STEM, kernel=3, stride=2, group=1, clipped=True, role="conv_stem"
        ),
        *_blocks(),
        ConvSpec(
            inputs=_STAGES[-1][4],
            outputs=_HEAD,
            kernel=1,
            stride=1,
            group=1,
            clipped=True,
            role="conv_head",
        ),
    )


def _blocks() -> Iterator[ConvSpec]:
    inputs, block = _STEM, 0
    for repeats, kernel, first_stride, expansion, outputs in _STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            yield from _block(block, inputs, outputs, kernel, stride, expansion)
            inputs, block = outputs, block + 1


def _block(
    block: int, inputs: int, outputs: int, kernel: int, stride: int, expansion: int
) -> Iterator[ConvSpec]:
    wide = inputs * expansion
    added = stride == 1 and inputs == outputs
    if expansion > 1:
        yield ConvSpec(
            inputs=inputs,
            outputs=wide,
            kernel=1,
            stride=1,
            group=1,
            clipped=True,
            opens=added,
            block=block,
            role="expand",
        )
    yield ConvSpec(
        inputs=wide,
        outputs=wide,
        kernel=kernel,
        stride=stride,
        group=wide,
        clipped=True,
        opens=added and expansion == 1,
        block=block,
        role="depthwise",
    )
    yield ConvSpec(
        inputs=wide,
        outputs=outputs,
        kernel=1,
        stride=1,
        group=1,
        clipped=False,
        closes=added,
        block=block,
        role="project",
    )


def lite0_onnx(
    weights: Sequence[ConvWeights], *, height_px: int = SIDE_PX, width_px: int = SIDE_PX
) -> bytes:
    """Return an ONNX model: ``x`` (1, 3, height, width) float32 to ``feat`` (1, 1280).

    Raises ``ValueError`` where the weights are not those of this network.
    """
    specs = lite0_convolutions()
    if [one.kernel.shape for one in weights] != [spec.shape for spec in specs]:
        msg = "these weights are not those of EfficientNet-Lite0"
        raise ValueError(msg)
    nodes, tensors = [], []
    current, kept, height, width = INPUT, "", height_px, width_px
    for index, (spec, one) in enumerate(zip(specs, weights, strict=True)):
        if spec.opens:
            kept = current
        tensors += [tensor(f"w{index}", one.kernel), tensor(f"b{index}", one.bias)]
        (above, below), (left, right) = padding_of(height, spec), padding_of(width, spec)
        nodes.append(
            node(
                "Conv",
                [current, f"w{index}", f"b{index}"],
                f"c{index}",
                group=spec.group,
                kernel_shape=(spec.kernel, spec.kernel),
                pads=(above, left, below, right),
                strides=(spec.stride, spec.stride),
            )
        )
        current = f"c{index}"
        height, width = -(-height // spec.stride), -(-width // spec.stride)
        if spec.clipped:
            nodes.append(node("Clip", [current], f"r{index}", min=0.0, max=6.0))
            current = f"r{index}"
        if spec.closes:
            nodes.append(node("Add", [current, kept], f"a{index}"))
            current = f"a{index}"
    nodes.append(node("GlobalAveragePool", [current], "pooled"))
    nodes.append(node("Flatten", ["pooled"], OUTPUT, axis=1))
    return model(
        nodes,
        tensors,
        inputs=[(INPUT, (1, 3, height_px, width_px))],
        outputs=[(OUTPUT, (1, FEATURES))],
    )


def padding_of(side: int, spec: ConvSpec) -> tuple[int, int]:
    """Return the zeros before and behind one side, as TensorFlow's "SAME" has them."""
    outputs = -(-side // spec.stride)
    total = max(0, (outputs - 1) * spec.stride + spec.kernel - side)
    return total // 2, total - total // 2
