"""Reads the tensors of a PyTorch checkpoint of the old format (before 1.6) without PyTorch.

A checkpoint is a pickle and could run anything; this reader knows the three names a state
dictionary of float tensors needs, and refuses every other.
"""

import io
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_VALUES = 50_000_000


class UnreadableCheckpointError(Exception):
    """These bytes are no state dictionary of float tensors in the old format."""


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _FloatStorage:
    kind = "<f4"


class _LongStorage:
    kind = "<i8"


def _tensor(*parts: Any) -> _Tensor:  # noqa: ANN401  what the pickle holds is checked below
    storage, offset, shape, strides = parts[:4]
    if not isinstance(storage, _Storage):
        msg = "a tensor without a storage"
        raise UnreadableCheckpointError(msg)
    return _Tensor(storage, int(offset), tuple(shape), tuple(strides))


class _Reader(pickle.Unpickler):
    _KNOWN: ClassVar[dict[tuple[str, str], Any]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        ("torch", "FloatStorage"): _FloatStorage,
        ("torch", "LongStorage"): _LongStorage,
    }

    def find_class(self, module_name: str, global_name: str, /) -> Any:  # noqa: ANN401  as pickle
        found = self._KNOWN.get((module_name, global_name))
        if found is None:
            msg = f"it asks for {module_name}.{global_name}"
            raise UnreadableCheckpointError(msg)
        return found

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401  as pickle
        _, kind, key, _, size = pid[:5]
        if not 0 <= size <= _MOST_VALUES:
            msg = f"a storage of {size} values"
            raise UnreadableCheckpointError(msg)
        return _Storage(str(key), int(size), kind.kind)


def read_state(raw: bytes) -> dict[str, NDArray[np.float32]]:
    """Return all tensors by name as float32; raise :class:`UnreadableCheckpointError`."""
    stream = io.BytesIO(raw)
    try:
        if _Reader(stream).load() != _MAGIC:
            msg = "not a PyTorch checkpoint of the old format"
            raise UnreadableCheckpointError(msg)
        _Reader(stream).load()  # the protocol's version
        _Reader(stream).load()  # the writer's byte order and sizes
        state = _Reader(stream).load()
        keys = _Reader(stream).load()
        tensors = {str(name): one for name, one in state.items() if isinstance(one, _Tensor)}
        kinds = {one.storage.key: one.storage for one in tensors.values()}
        values = {str(key): _read_storage(stream, kinds[str(key)]) for key in keys}
        return {name: _view(one, values[one.storage.key]) for name, one in tensors.items()}
    except (
        pickle.UnpicklingError,
        EOFError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        struct.error,
    ) as error:
        msg = f"not a state dictionary: {error!r}"
        raise UnreadableCheckpointError(msg) from error


def _read_storage(stream: io.BytesIO, storage: _Storage) -> NDArray[Any]:
    (size,) = struct.unpack("<q", stream.read(8))
    if size != storage.size:
        msg = f"a storage of {size} values where {storage.size} were announced"
        raise UnreadableCheckpointError(msg)
    width = np.dtype(storage.kind).itemsize
    return np.frombuffer(stream.read(size * width), dtype=storage.kind, count=size)


def _view(one: _Tensor, values: NDArray[Any]) -> NDArray[np.float32]:
    """Return a copy in rows; a view that leaves its storage is refused."""
    last = one.offset + sum(
        (side - 1) * stride for side, stride in zip(one.shape, one.strides, strict=True)
    )
    if min((one.offset, *one.strides, *one.shape)) < 0 or last >= max(1, len(values)):
        msg = "a tensor that leaves its storage"
        raise UnreadableCheckpointError(msg)
    width = values.itemsize
    view = np.lib.stride_tricks.as_strided(
        values[one.offset :], one.shape, [stride * width for stride in one.strides]
    )
    return np.array(view, dtype=np.float32)
