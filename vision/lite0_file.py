"""The overflow network's weights as they are shipped: eight bits a weight, one scale a channel.

A weight is ``round(weight / scale)`` with ``scale`` the channel's largest weight over 127, so the
file is a quarter of the float32 weights. See the model card for what it costs in accuracy.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.lite0 import ConvWeights, lite0_convolutions

SHIPPED_WEIGHTS = Path(__file__).parent / "models" / "efficientnet_lite0_8bit.npz"
_LARGEST = 127.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedConv:
    """One convolution: a weight is ``kernel`` times its output channel's scale.

    ``kernel`` as :attr:`vision.lite0.ConvSpec.shape` says, ``scales`` and ``bias`` (outputs,).
    """

    kernel: NDArray[np.int8]
    scales: NDArray[np.float32]
    bias: NDArray[np.float32]


class UnusableWeightsError(Exception):
    """The file does not hold this network's weights."""


def pack_weights(weights: Sequence[ConvWeights]) -> bytes:
    """Return a compressed npz of the weights in eight bits, the same bytes for the same weights."""
    arrays = {}
    for index, one in enumerate(weights):
        largest = np.abs(one.kernel).max(axis=(1, 2, 3))
        scales = (np.maximum(largest, 1e-12) / _LARGEST).astype(np.float32)
        arrays[f"k{index}"] = np.rint(one.kernel / scales[:, None, None, None]).astype(np.int8)
        arrays[f"s{index}"], arrays[f"b{index}"] = scales, one.bias.astype(np.float32)
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def read_packed(raw: bytes) -> tuple[PackedConv, ...]:
    """Read packed weights; raise :class:`UnusableWeightsError` where they do not fit."""
    found = []
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            for index, spec in enumerate(lite0_convolutions()):
                kernel, scales, bias = (arrays[f"{part}{index}"] for part in "ksb")
                if (kernel.shape, scales.shape, bias.shape) != (
                    spec.shape,
                    (spec.outputs,),
                    (spec.outputs,),
                ):
                    msg = f"convolution {index} has another shape"
                    raise UnusableWeightsError(msg)
                found.append(
                    PackedConv(
                        kernel=kernel.astype(np.int8),
                        scales=scales.astype(np.float32),
                        bias=bias.astype(np.float32),
                    )
                )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        msg = f"not a file of network weights: {error}"
        raise UnusableWeightsError(msg) from error
    return tuple(found)


def unpack_weights(raw: bytes) -> tuple[ConvWeights, ...]:
    """Read packed weights as float32; raise :class:`UnusableWeightsError`."""
    return tuple(
        ConvWeights(
            kernel=one.kernel.astype(np.float32) * one.scales[:, None, None, None], bias=one.bias
        )
        for one in read_packed(raw)
    )
