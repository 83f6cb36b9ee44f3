"""How overfull a bin looks by itself, by a network: EfficientNet-Lite0 features of three strips
from the top of the crop, one logistic head over them, the three log odds averaged.

ONNX Runtime is used where it can be loaded, in eight bits where the processor can, else OpenCV's
``dnn``. The two in float32 give the same numbers, the first about five times as fast; eight bits
take half of that time and move the log odds by a few hundredths (the model card).
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from vision.eight_bit_processor import multiplies_bytes_exactly
from vision.limited_cv2 import Picture, cv2
from vision.lite0 import FEATURES, INPUT, OUTPUT, SIDE_PX, lite0_onnx
from vision.lite0_eight_bit import lite0_eight_bit_onnx, shipped_ranges
from vision.lite0_file import (
    SHIPPED_WEIGHTS,
    UnusableWeightsError,
    read_packed,
    unpack_weights,
)
from vision.overflow_score import Provenance, UnusableHeadError
from vision.process_limits import give_back_memory

_log = structlog.get_logger()

Values = NDArray[np.float32]

STRIPS = (0.25, 0.35, 0.45)
"""The shares of the crop, from its top, that are looked at one by one."""

_FEWEST_ROWS = 4

_ONNX_REFUSALS = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
"""What ONNX Runtime raises for a file it cannot use: classes that share no parent."""


class UnusableNetworkError(Exception):
    """The file is no network that gives these features."""


class Network(Protocol):
    """Features of prepared pictures, one at a time, from one thread."""

    sha256: str
    """The SHA-256 of the file the network comes from."""

    def run(self, values: Values) -> NDArray[np.float64]:
        """Return (1280,) of (1, 3, 224, 224) float32."""


class OpenCvNetwork:
    """An ONNX model by OpenCV's ``dnn``."""

    def __init__(self, onnx: bytes, sha256: str) -> None:
        self.sha256 = sha256
        try:
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(onnx, dtype=np.uint8))
            self.run(np.zeros((1, 3, SIDE_PX, SIDE_PX), dtype=np.float32))
        except (cv2.error, ValueError) as error:
            msg = f"not a network of {FEATURES} features: {error}"
            raise UnusableNetworkError(msg) from error

    def run(self, values: Values) -> NDArray[np.float64]:
        """Return (1280,) of (1, 3, 224, 224) float32."""
        self._net.setInput(values, INPUT)
        return _checked(self._net.forward(OUTPUT))


class OnnxRuntimeNetwork:
    """An ONNX model by ONNX Runtime, on one thread; raises ``ImportError`` where it is missing."""

    def __init__(self, onnx: bytes, sha256: str) -> None:
        self.sha256 = sha256
        runtime: Any = import_module("onnxruntime")
        raised: Any = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
        refusals = (*(getattr(raised, name) for name in _ONNX_REFUSALS), RuntimeError, ValueError)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = runtime.InferenceSession(
                onnx, options, providers=["CPUExecutionProvider"]
            )
            self.run(np.zeros((1, 3, SIDE_PX, SIDE_PX), dtype=np.float32))
        except refusals as error:
            msg = f"not a network of {FEATURES} features: {error}"
            raise UnusableNetworkError(msg) from error

    def run(self, values: Values) -> NDArray[np.float64]:
        """Return (1280,) of (1, 3, 224, 224) float32."""
        return _checked(self._session.run([OUTPUT], {INPUT: values})[0])


def _checked(values: object) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64).reshape(-1)
    if len(found) != FEATURES:
        msg = f"{len(found)} features, not {FEATURES}"
        raise ValueError(msg)
    return found


def load_network(path: Path | None = None) -> Network:
    """Return the shipped network, or that of an ONNX file (input ``x``, output ``feat``).

    Raises :class:`UnusableNetworkError`, ``OSError`` and
    :class:`vision.lite0_file.UnusableWeightsError`.
    """
    raw = (path or SHIPPED_WEIGHTS).read_bytes()
    sha256 = hashlib.sha256(raw).hexdigest()
    with suppress(ImportError):
        if path is None and multiplies_bytes_exactly():
            return OnnxRuntimeNetwork(
                lite0_eight_bit_onnx(read_packed(raw), shipped_ranges()), sha256
            )
        return OnnxRuntimeNetwork(_float32_onnx(path, raw), sha256)
    return OpenCvNetwork(_float32_onnx(path, raw), sha256)


def _float32_onnx(path: Path | None, raw: bytes) -> bytes:
    return lite0_onnx(unpack_weights(raw)) if path is None else raw


def prepared_strips(crop: Picture) -> Iterator[Values]:
    """Give each strip of (height, width, 3) uint8 BGR as the network takes it."""
    for share in STRIPS:
        yield _prepared(crop[: max(_FEWEST_ROWS, round(crop.shape[0] * share))])


def strip_features(network: Network, crop: Picture) -> NDArray[np.float64]:
    """Return (strips, 1280), each of length one, of (height, width, 3) uint8 BGR."""
    rows = [network.run(values) for values in prepared_strips(crop)]
    return np.array([row / max(1e-9, float(np.linalg.norm(row))) for row in rows])


def _prepared(picture: Picture) -> Values:
    shrinks = min(picture.shape[:2]) >= SIDE_PX
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(picture, (SIDE_PX, SIDE_PX), interpolation=kind)
    values = (small[..., ::-1].astype(np.float32) - 127.0) / 128.0
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


class NetworkHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A logistic head over :func:`strip_features`; ``network_sha256`` is what it was trained on.

    ``trained_on`` are the first 16 hex digits of the SHA-256 of its training pictures, so that
    nobody measures it on them; empty where they are not known.
    """

    weights: tuple[float, ...]
    bias: float
    network_sha256: str
    strips: tuple[float, ...]
    provenance: Provenance
    trained_on: tuple[str, ...] = ()


def parse_network_head(raw: bytes) -> NetworkHead:
    """Read a head; raise :class:`UnusableHeadError` where it does not fit the features."""
    try:
        head = msgspec.json.decode(raw, type=NetworkHead)
    except msgspec.DecodeError as error:
        raise UnusableHeadError(str(error)) from error
    if len(head.weights) != FEATURES or head.strips != STRIPS:
        msg = f"a head for {len(head.weights)} features of strips {head.strips}"
        raise UnusableHeadError(msg)
    return head


@lru_cache(maxsize=1)
def shipped_network_head() -> NetworkHead:
    """Return the head that comes with the package."""
    return parse_network_head((files("vision") / "models" / "overflow_network.json").read_bytes())


class OverflowNetwork:
    """Network and head together; one thread at a time."""

    def __init__(self, network: Network, head: NetworkHead) -> None:
        self.network = network
        self.head = head
        self._weights = np.array(head.weights)

    @property
    def identity(self) -> str:
        """Whose scores a camera's threshold was found with: a SHA-256 of network and head."""
        both = self._weights.tobytes() + repr(self.head.bias).encode()
        return hashlib.sha256(self.network.sha256.encode() + both).hexdigest()

    @property
    def is_quick(self) -> bool:
        """Three runs of the network take tens of milliseconds."""
        return False

    def crop_logit(self, crop: Picture) -> float:
        """Return the log odds of overflow for one bin: (height, width, 3) uint8 BGR."""
        odds = strip_features(self.network, crop) @ self._weights + self.head.bias
        return float(odds.mean())


RUN_HEAD = "overflow_network.json"
"""In a run's folder of references: the head that the district has trained itself."""


def run_overflow_network(
    folder: Path, load: Callable[[], Network] = load_network
) -> OverflowNetwork:
    """Return the network with the run's own head, with the shipped one where there is none.

    A head that cannot be used is logged, and the shipped one is used. Raises what
    :func:`load_network` does.
    """
    network = load()
    give_back_memory()
    try:
        head = parse_network_head((folder / RUN_HEAD).read_bytes())
    except FileNotFoundError:
        return OverflowNetwork(network, shipped_network_head())
    except (OSError, UnusableHeadError) as error:
        _log.error("trained_head_unusable", path=str(folder / RUN_HEAD), error=str(error))
        return OverflowNetwork(network, shipped_network_head())
    if head.network_sha256 != network.sha256:
        _log.error("trained_head_unusable", path=str(folder / RUN_HEAD), error="another network")
        return OverflowNetwork(network, shipped_network_head())
    return OverflowNetwork(network, head)


def watching_network(
    folder: Path, load: Callable[[], Network] = load_network
) -> OverflowNetwork | None:
    """Return what a camera's bins are shown to, None where there is no usable network: then the
    classical head does it. That is logged.
    """
    try:
        return run_overflow_network(folder, load)
    except (OSError, UnusableNetworkError, UnusableWeightsError) as error:
        _log.error("overflow_network_unusable", error=str(error), instead="classical head")
        return None
