"""Where snapshots come from: one GET with short patience, and nowhere but the registry's hosts."""

import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Protocol

import httpx

from domain.devices import Camera
from vision.orders import CameraLogin


class FetchFailure(StrEnum):
    """Why there is no snapshot."""

    REFUSED_ADDRESS = "refused_address"
    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"
    BAD_STATUS = "bad_status"
    TOO_MANY_BYTES = "too_many_bytes"


class SnapshotUnavailableError(Exception):
    """The camera gave no picture this time; try again at its next turn."""

    def __init__(self, reason: FetchFailure) -> None:
        super().__init__(reason.value)
        self.reason = reason


class SnapshotSource(Protocol):
    """Gives the bytes of a camera's snapshot."""

    def fetch(self, camera: Camera) -> bytes:
        """Return what the camera answers now; raise :class:`SnapshotUnavailableError`."""
        ...

    def close(self) -> None:
        """Give up connections. No fetch may follow."""
        ...


MOST_SNAPSHOT_BYTES = 2 * 1024 * 1024
_PATIENCE = httpx.Timeout(4.0, connect=2.0)
_DEADLINE_S = 8.0
_SCHEMES = frozenset({"http", "https"})


class HttpSnapshotSource:
    """Fetches by HTTP: no redirects, no proxies, at most 2 MiB, at most 8 s in all.

    ``cameras`` are those of the registry; their hosts are the only ones ever spoken to.
    Thread-safe. ``monotonic_s`` is the technical clock.
    """

    def __init__(
        self,
        *,
        cameras: Iterable[Camera],
        logins: Mapping[str, CameraLogin] | None = None,
        transport: httpx.BaseTransport | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosts = frozenset(
            (url.scheme, url.host, url.port)
            for url in (httpx.URL(camera.snapshot_url) for camera in cameras)
            if url.scheme in _SCHEMES
        )
        self._logins = {name: _auth(login) for name, login in (logins or {}).items()}
        self._monotonic_s = monotonic_s
        self._client = httpx.Client(
            timeout=_PATIENCE,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=8),
            headers={"Accept": "image/jpeg, image/png", "User-Agent": "huanwei-vision"},
        )

    def fetch(self, camera: Camera) -> bytes:
        """Return what the camera answers now; raise :class:`SnapshotUnavailableError`."""
        url = httpx.URL(camera.snapshot_url)
        if (url.scheme, url.host, url.port) not in self._hosts or url.userinfo:
            raise SnapshotUnavailableError(FetchFailure.REFUSED_ADDRESS)
        try:
            with self._client.stream(
                "GET", url, auth=self._logins.get(camera.device_id, httpx.USE_CLIENT_DEFAULT)
            ) as response:
                if response.status_code != httpx.codes.OK:
                    raise SnapshotUnavailableError(FetchFailure.BAD_STATUS)
                return self._read(response)
        except httpx.TimeoutException as error:
            raise SnapshotUnavailableError(FetchFailure.TOO_SLOW) from error
        except httpx.HTTPError as error:
            raise SnapshotUnavailableError(FetchFailure.UNREACHABLE) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read(self, response: httpx.Response) -> bytes:
        deadline_s = self._monotonic_s() + _DEADLINE_S
        body = bytearray()
        # Raw: what is compressed on top is no JPEG of a camera, and may be a bomb.
        for piece in response.iter_raw(64 * 1024):
            body += piece
            if len(body) > MOST_SNAPSHOT_BYTES:
                raise SnapshotUnavailableError(FetchFailure.TOO_MANY_BYTES)
            # Each piece may come within its own time-out and all of them never end.
            if self._monotonic_s() > deadline_s:
                raise SnapshotUnavailableError(FetchFailure.TOO_SLOW)
        return bytes(body)


def _auth(login: CameraLogin) -> httpx.Auth:
    if login.digest:
        return httpx.DigestAuth(login.username, login.password)
    return httpx.BasicAuth(login.username, login.password)
