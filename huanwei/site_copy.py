"""Answering an edge that stands elsewhere, and putting the answer in place there."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from domain.registry import RegistrySnapshot
from huanwei.errors import StandsInTheWayError
from huanwei.settings import Settings, SettingsError
from huanwei.site_bundle import (
    HEAD_FILES,
    REGISTRY,
    BadBundleError,
    Bundle,
    Request,
    decode_bundle,
    decode_request,
    digest_of,
    encode_bundle,
    is_learned,
    is_reference,
    learned_names,
)
from storage.backup import sync
from storage.registry_file import BadRegistryFileError, decode_registry, encode_registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a fetch has changed: names of files, and the registry's version."""

    version: int
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def needs_restart(self) -> bool:
        """Whether the edge takes it over only at its next start: the network's head."""
        return not {*self.changed, *self.removed}.isdisjoint(HEAD_FILES)


def answer(raw: bytes, registry: RegistrySnapshot, references: Path) -> tuple[bytes, list[str]]:
    """Return the answer to an edge, and the names of references that are not here.

    ``registry`` must have been read before: references only become more. Raises
    ``BadBundleError`` for what is no request, ``StandsInTheWayError`` for an unknown gateway, and
    for a folder that is not there: it would have the edge take back all it has learned.
    """
    request = decode_request(raw)
    gateways = {sensor.gateway_id for sensor in registry.sensors.values()}
    gateways |= {camera.gateway_id for camera in registry.cameras.values()}
    if request.gateway_id not in gateways:
        msg = f"the registry has no device at gateway {request.gateway_id}"
        raise StandsInTheWayError(msg)
    if not references.is_dir():
        msg = f"{references} is not there: answered with the wrong settings?"
        raise StandsInTheWayError(msg)
    content = {REGISTRY: encode_registry(registry)}
    missing = []
    for name in _names_of(registry, request.gateway_id):
        try:
            content[name] = (references / name).read_bytes()
        except FileNotFoundError:
            if is_reference(name):
                missing.append(name)
    wanted = {name: digest_of(each) for name, each in content.items()}
    lacking = {
        name: content[name] for name, each in wanted.items() if request.held.get(name) != each
    }
    bundle = Bundle(gateway_id=request.gateway_id, wanted=wanted, contents=lacking)
    return encode_bundle(bundle), missing


def request_of(settings: Settings) -> Request:
    """Return what this edge has.

    Raises ``SettingsError`` where the edge reads what alerts keeps for it on the same machine.
    """
    if settings.postgres is not None:
        msg = "with [postgres] the edge reads the copy that alerts keeps here; nothing to fetch"
        raise SettingsError(msg)
    held = {}
    with suppress(FileNotFoundError):
        held[REGISTRY] = digest_of(settings.run.registry.read_bytes())
    if settings.run.references.is_dir():
        for path in settings.run.references.iterdir():
            if is_reference(path.name) or is_learned(path.name):
                held[path.name] = digest_of(path.read_bytes())
    return Request(gateway_id=settings.edge.gateway_id, held=held)


def take(raw: bytes, request: Request, settings: Settings) -> Fetched:
    """Put an answer in place: references first, the registry last, each file in one step.

    Killed in between, the next fetch brings the rest. Raises ``BadBundleError``, before which
    nothing has changed, or ``OSError``.
    """
    bundle = decode_bundle(raw, request)
    registry_path, folder = settings.run.registry, settings.run.references
    try:
        content = bundle.contents.get(REGISTRY) or registry_path.read_bytes()
        registry = decode_registry(content, Path("the registry that came"))
    except BadRegistryFileError as error:
        msg = f"{error}: does an older release run here than there?"
        raise BadBundleError(msg) from error
    folder.mkdir(parents=True, exist_ok=True)
    contents = dict(bundle.contents)
    new_registry = contents.pop(REGISTRY, None)
    # Pictures before what was learned by them; the edge reads all anew when its camera changes.
    for name in sorted(contents, key=lambda name: (is_learned(name), name)):
        _put(folder / name, contents[name])
    gone = sorted(name for name in request.held if is_learned(name) and name not in bundle.wanted)
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    sync(folder)
    if new_registry is not None:
        _put(registry_path, new_registry)
        sync(registry_path.parent)
    changed = sorted(bundle.contents)
    return Fetched(version=registry.version, changed=tuple(changed), removed=tuple(gone))


def _names_of(registry: RegistrySnapshot, gateway_id: str) -> Iterator[str]:
    yield from HEAD_FILES
    seen = set()
    for camera in registry.cameras.values():
        if camera.gateway_id == gateway_id:
            yield from learned_names(camera.device_id)
            seen |= {reference.sha256 for reference in camera.references}
    yield from (f"{sha256}.jpg" for sha256 in sorted(seen))


def _put(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
