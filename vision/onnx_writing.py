"""Writes an ONNX model without the ``onnx`` package: the few protobuf messages a chain of
convolutions needs (https://onnx.ai/onnx/repo-docs/IR.html, opset 10).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

OPSET, _IR_VERSION = 10, 5
_FLOAT32 = 1
_ELEMENTS = {"float32": _FLOAT32, "uint8": 2, "int8": 3, "int32": 6}
_KIND_FLOAT, _KIND_INT, _KIND_INTS = 1, 2, 7
_VARINT, _BYTES, _FIXED32 = 0, 2, 5


def node(
    operation: str,
    inputs: Sequence[str],
    output: str,
    **attributes: float | Sequence[int],
) -> bytes:
    """Return one NodeProto; attributes may be a float, an integer, or several integers."""
    return b"".join(
        [
            *(_text(1, name) for name in inputs),
            _text(2, output),
            _text(3, output),
            _text(4, operation),
            *(_message(5, _attribute(name, value)) for name, value in attributes.items()),
        ]
    )


def tensor(
    name: str, values: NDArray[np.float32 | np.uint8 | np.int8 | np.int32] | np.generic
) -> bytes:
    """Return one TensorProto of float32, uint8, int8 or int32; raise ``KeyError`` for another."""
    return b"".join(
        [
            *(_number(1, side) for side in values.shape),
            _number(2, _ELEMENTS[values.dtype.name]),
            _text(8, name),
            _message(9, values.astype(values.dtype.newbyteorder("<")).tobytes()),
        ]
    )


def model(
    nodes: Sequence[bytes],
    tensors: Sequence[bytes],
    *,
    inputs: Sequence[tuple[str, Sequence[int]]],
    outputs: Sequence[tuple[str, Sequence[int]]],
) -> bytes:
    """Return a ModelProto; ``inputs`` and ``outputs`` are names with their shapes."""
    graph = b"".join(
        [
            *(_message(1, one) for one in nodes),
            _text(2, "huanwei"),
            *(_message(5, one) for one in tensors),
            *(_message(11, _value(name, shape)) for name, shape in inputs),
            *(_message(12, _value(name, shape)) for name, shape in outputs),
        ]
    )
    opset = _text(1, "") + _number(2, OPSET)
    return _number(1, _IR_VERSION) + _text(2, "huanwei") + _message(7, graph) + _message(8, opset)


def _value(name: str, shape: Sequence[int]) -> bytes:
    sides = b"".join(_message(1, _number(1, side)) for side in shape)
    kind = _message(1, _number(1, _FLOAT32) + _message(2, sides))
    return _text(1, name) + _message(2, kind)


def _attribute(name: str, value: float | Sequence[int]) -> bytes:
    if isinstance(value, float):
        raw = np.array(value, dtype="<f4").tobytes()
        return _text(1, name) + _tag(2, _FIXED32) + raw + _number(20, _KIND_FLOAT)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _KIND_INT)
    return _text(1, name) + b"".join(_number(8, one) for one in value) + _number(20, _KIND_INTS)


def _tag(field: int, kind: int) -> bytes:
    return _varint(field << 3 | kind)


def _number(field: int, value: int) -> bytes:
    return _tag(field, _VARINT) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _message(field: int, value: bytes) -> bytes:
    return _tag(field, _BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004  seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
