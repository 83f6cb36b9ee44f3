"""What an edge that stands elsewhere gets from the district: its registry, and its cameras' files.

The edge tells what it has, by SHA-256; the answer names everything it should have and holds what it
lacks. So an ordinary minute costs a few hundred bytes, and what was cut off on the way is known.
"""

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from domain.checks import ID_PATTERN
from huanwei.errors import StandsInTheWayError

SCHEMA = 1
REGISTRY = "registry.json"
HEAD_FILES = ("overflow_network.json", "overflow_network.md")
"""``vision`` gives these names, and the endings below; to import it would cost a second."""

MOST_BYTES = 512 * 1024 * 1024
"""Of an answer, unpacked: a site of 500 cameras with every reference anew."""

_REFERENCE = re.compile(r"[0-9a-f]{64}\.jpg")
_LEARNED = (".calibration.json", ".rejected.json")
_Wanted = TypeVar("_Wanted", "Request", "Bundle")


class BadBundleError(StandsInTheWayError):
    """What came is no answer for this edge, or not all of it; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the edge of a gateway has: the SHA-256 of each file by its name."""

    gateway_id: str
    held: Mapping[str, str]
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What it should have, by name and SHA-256, and the content of those that it lacks."""

    gateway_id: str
    wanted: Mapping[str, str]
    contents: Mapping[str, bytes] = field(repr=False)
    schema: int = SCHEMA


def encode_request(request: Request) -> bytes:
    """Return the bytes that an edge asks with."""
    return msgspec.json.encode(request)


def decode_request(raw: bytes) -> Request:
    """Read them; raise :class:`BadBundleError`."""
    try:
        return _of_this_release(msgspec.json.decode(raw, type=Request))
    except msgspec.DecodeError as error:
        msg = "no edge asks: this command answers `huanwei site fetch`"
        raise BadBundleError(msg) from error


def encode_bundle(bundle: Bundle) -> bytes:
    """Return the bytes of an answer."""
    return zlib.compress(msgspec.msgpack.encode(bundle), 6)


def decode_bundle(raw: bytes, request: Request) -> Bundle:
    """Read the answer to a request, checked to be whole and of this gateway.

    Raises :class:`BadBundleError`.
    """
    try:
        bundle = _of_this_release(msgspec.msgpack.decode(_unpacked(raw), type=Bundle))
    except (zlib.error, msgspec.DecodeError) as error:
        msg = f"not the answer of `huanwei site answer`, or not all of it: {error}"
        raise BadBundleError(msg) from error
    if bundle.gateway_id != request.gateway_id:
        msg = f"an answer for {bundle.gateway_id}, not for {request.gateway_id}"
        raise BadBundleError(msg)
    if REGISTRY not in bundle.wanted or not bundle.contents.keys() <= bundle.wanted.keys():
        msg = "the answer does not say what it is"
        raise BadBundleError(msg)
    for name, sha256 in bundle.wanted.items():
        _check(name, sha256, bundle, request)
    return bundle


def digest_of(content: bytes) -> str:
    """Return the SHA-256 in lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def is_learned(name: str) -> bool:
    """Whether a file is what was set or learned of one camera, which can be taken back."""
    return name in HEAD_FILES or any(
        name.endswith(end) and ID_PATTERN.fullmatch(name.removesuffix(end)) for end in _LEARNED
    )


def is_reference(name: str) -> bool:
    """Whether a file is a clean picture, named by its content."""
    return _REFERENCE.fullmatch(name) is not None


def learned_names(camera_id: str) -> tuple[str, ...]:
    """Return the names of what may be set or learned of a camera."""
    return tuple(camera_id + end for end in _LEARNED)


def _unpacked(raw: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    packed = unpacker.decompress(raw, MOST_BYTES)
    if not unpacker.eof:
        msg = "it was cut off, or is too large"
        raise zlib.error(msg)
    return packed


def _check(name: str, sha256: str, bundle: Bundle, request: Request) -> None:
    if not (name == REGISTRY or is_learned(name) or is_reference(name)):
        msg = f"the answer holds {name!r}, which an edge does not have"
        raise BadBundleError(msg)
    content = bundle.contents.get(name)
    here = request.held.get(name) if content is None else digest_of(content)
    if here != sha256 or (is_reference(name) and name != f"{sha256}.jpg"):
        msg = f"{name} is missing in the answer, or not what it should be"
        raise BadBundleError(msg)


def _of_this_release(found: _Wanted) -> _Wanted:
    if found.schema != SCHEMA:
        msg = f"a release that speaks schema {found.schema}, this one speaks {SCHEMA}: upgrade both"
        raise BadBundleError(msg)
    return found
