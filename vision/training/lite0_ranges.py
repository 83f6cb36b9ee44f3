"""Measures between which values the layers of the overflow network lie:
``python -m vision.training.lite0_ranges DIR [OUTPUT]``.

``DIR`` as for :mod:`vision.training.train_overflow_network`. Every third crop is shown to the
float32 network, all strips of it; the lowest and highest value of each layer without ReLU6 are
what :mod:`vision.lite0_eight_bit` keeps in a byte.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from vision.limited_cv2 import cv2
from vision.lite0 import INPUT, ConvWeights, lite0_convolutions, lite0_onnx
from vision.lite0_eight_bit import LayerRanges
from vision.lite0_file import SHIPPED_WEIGHTS, unpack_weights
from vision.overflow_network import Values, prepared_strips
from vision.training.train_overflow_head import read_crop

DEFAULT_OUTPUT = Path(__file__).parent.parent / "models" / "efficientnet_lite0_ranges.json"
_EVERY = 3


def measure_ranges(
    weights: tuple[ConvWeights, ...], pictures: Iterator[Values], measured_on: str
) -> LayerRanges:
    """Return the ranges over prepared pictures, (1, 3, 224, 224) float32 each."""
    specs = lite0_convolutions()
    projected = [f"c{index}" for index, spec in enumerate(specs) if not spec.clipped]
    added = [f"a{index}" for index, spec in enumerate(specs) if spec.closes]
    net = cv2.dnn.readNetFromONNX(np.frombuffer(lite0_onnx(weights), dtype=np.uint8))
    # Fused, a convolution would give the sum that follows it.
    net.enableFusion(fusion=False)
    # OpenCV's own names of an ONNX graph's nodes.
    names = [f"onnx_node!{name}" for name in (*projected, *added)]
    lowest, highest = np.zeros(len(names)), np.zeros(len(names))
    for picture in pictures:
        net.setInput(picture, INPUT)
        given = net.forward(names)
        lowest = np.minimum(lowest, [float(one.min()) for one in given])
        highest = np.maximum(highest, [float(one.max()) for one in given])
    pairs = [
        (round(low, 2), round(high, 2))
        for low, high in zip(lowest.tolist(), highest.tolist(), strict=True)
    ]
    return LayerRanges(
        projected=tuple(pairs[: len(projected)]),
        added=tuple(pairs[len(projected) :]),
        measured_on=measured_on,
    )


def main(arguments: list[str]) -> int:
    """Measure and write the file."""
    if len(arguments) not in (1, 2):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    folder = Path(arguments[0])
    output = Path(arguments[1]) if len(arguments) > 1 else DEFAULT_OUTPUT
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        files = [row["file"] for row in csv.DictReader(stream)]
    crops = [name for name in files if name.startswith("overflow_crops/")][::_EVERY]
    strips = (strip for name in crops for strip in prepared_strips(read_crop(folder / name)))
    ranges = measure_ranges(
        unpack_weights(SHIPPED_WEIGHTS.read_bytes()),
        strips,
        f"{len(crops)} of the overflow_crops, every third; all strips of each",
    )
    output.write_bytes(msgspec.json.format(msgspec.json.encode(ranges), indent=1) + b"\n")
    sys.stdout.write(f"{output}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
