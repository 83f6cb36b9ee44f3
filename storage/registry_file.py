"""The registry as one JSON file: strict to read, replaced in one step, followed while it changes.

The file holds ``schema`` (1), ``version`` and one list per kind of entry; each entry carries its
id. Unknown keys are refused, with the file and the key, because a misspelt key would otherwise be
a silent default.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import structlog

from domain.checks import InvalidValueError
from domain.devices import Camera, FillSensor
from domain.places import Crew, Name, Place, ResponsibleUnit, Subdistrict, WasteContainer
from domain.registry import RegistrySnapshot

SCHEMA = 1
MOST_BYTES = 64 * 1024 * 1024

_log = structlog.get_logger(__name__)


class BadRegistryFileError(Exception):
    """The file cannot be taken as a registry. Mend ``key`` in ``path``; nothing was changed."""

    def __init__(self, path: Path, key: str, finding: str) -> None:
        super().__init__(f"{path}: {key}: {finding}")
        self.path = path
        self.key = key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    schema: Literal[1]
    version: int
    district: Name
    subdistricts: tuple[Subdistrict, ...]
    units: tuple[ResponsibleUnit, ...]
    crews: tuple[Crew, ...]
    places: tuple[Place, ...]
    containers: tuple[WasteContainer, ...]
    sensors: tuple[FillSensor, ...]
    cameras: tuple[Camera, ...] = ()


_ID_FIELD = {
    "subdistricts": "subdistrict_id",
    "units": "unit_id",
    "crews": "crew_id",
    "places": "place_id",
    "containers": "container_id",
    "sensors": "device_id",
    "cameras": "device_id",
}


def load_registry(path: Path) -> RegistrySnapshot:
    """Return the registry in that file.

    Raises :class:`BadRegistryFileError` naming the first key that is wrong, ``OSError`` when the
    file cannot be read.
    """
    return decode_registry(path.read_bytes(), path)


def decode_registry(raw: bytes, path: Path) -> RegistrySnapshot:
    """Return the registry in the bytes of a file; ``path`` is what an error names.

    Raises :class:`BadRegistryFileError`.
    """
    if len(raw) > MOST_BYTES:
        raise BadRegistryFileError(path, "$", f"larger than {MOST_BYTES} bytes")
    try:
        content = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRegistryFileError(path, "$", f"not JSON: {error}") from error
    for key in _unknown_keys(content, _Document, ""):
        raise BadRegistryFileError(path, key, "no such key in a registry")
    try:
        document = msgspec.convert(content, _Document)
    except (msgspec.ValidationError, InvalidValueError) as error:
        finding, _, where = str(error).partition(" - at `$.")
        raise BadRegistryFileError(path, where.rstrip("`") or "$", finding) from error
    try:
        return _snapshot(document, path)
    except InvalidValueError as error:
        raise BadRegistryFileError(path, "$", str(error)) from error


def encode_registry(snapshot: RegistrySnapshot) -> bytes:
    """Return the bytes of a file with that registry; the same for the same registry."""
    content: dict[str, object] = {
        "schema": SCHEMA,
        "version": snapshot.version,
        "district": snapshot.district,
    }
    for kind in _ID_FIELD:
        content[kind] = list(getattr(snapshot, kind).values())
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def save_registry(snapshot: RegistrySnapshot, path: Path) -> None:
    """Replace the file in one step; a reader sees the old or the new one, also after a crash."""
    raw = encode_registry(snapshot)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class RegistryFile:
    """Fulfils ``domain.ports.registry.Registry`` by a file that is read again when it changes.

    Construction raises as :func:`load_registry` does. Later a file that is bad or gone is logged
    once and the last good snapshot stays; ``on_bad`` is called each time that happens.
    """

    def __init__(self, path: Path, *, on_bad: Callable[[], None] | None = None) -> None:
        self._path = path
        self._on_bad = on_bad
        self._lock = threading.Lock()
        self._mark = _mark(path)
        self._snapshot = load_registry(path)

    def current(self) -> RegistrySnapshot:
        """Return the newest good snapshot; the same object until the file has changed."""
        with self._lock:
            mark = _mark(self._path)
            if mark != self._mark:
                self._mark = mark
                self._read_again()
            return self._snapshot

    def _read_again(self) -> None:
        try:
            self._snapshot = load_registry(self._path)
        except (BadRegistryFileError, OSError) as error:
            _log.error("registry_not_taken", path=str(self._path), finding=str(error))
            if self._on_bad is not None:
                self._on_bad()
        else:
            _log.info("registry_read", path=str(self._path), version=self._snapshot.version)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _snapshot(document: _Document, path: Path) -> RegistrySnapshot:
    by_id: dict[str, dict[str, Any]] = {}
    for kind, id_field in _ID_FIELD.items():
        entries: dict[str, Any] = {}
        for index, entry in enumerate(getattr(document, kind)):
            entry_id = getattr(entry, id_field)
            if entry_id in entries:
                key = f"{kind}[{index}].{id_field}"
                raise BadRegistryFileError(path, key, f"{entry_id} is there twice")
            entries[entry_id] = entry
        by_id[kind] = entries
    return RegistrySnapshot(version=document.version, district=document.district, **by_id)


def _unknown_keys(content: object, wanted: Any, where: str) -> Iterator[str]:  # noqa: ANN401 - a type
    """Yield the path of every key that the wanted type does not have."""
    if get_origin(wanted) is UnionType:
        for option in get_args(wanted):
            yield from _unknown_keys(content, option, where)
    elif is_dataclass(wanted) and isinstance(wanted, type) and isinstance(content, Mapping):
        hints = get_type_hints(wanted)
        known = {field.name for field in fields(wanted)}
        for key, value in content.items():
            inner = f"{where}.{key}" if where else str(key)
            if key not in known:
                yield inner
            else:
                yield from _unknown_keys(value, hints[key], inner)
    elif get_origin(wanted) in {tuple, Sequence} and isinstance(content, list):
        for index, value in enumerate(content):
            yield from _unknown_keys(value, get_args(wanted)[0], f"{where}[{index}]")
