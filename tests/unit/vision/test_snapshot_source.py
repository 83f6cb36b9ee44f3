from collections.abc import Callable, Iterator

import httpx
import pytest

from domain.devices import Camera
from tests.fakes.sample_pictures import street_camera
from vision.orders import CameraLogin
from vision.snapshot_source import FetchFailure, HttpSnapshotSource, SnapshotUnavailableError

CAMERA = street_camera(url="http://10.0.0.5:8080/snapshot.jpg")
Answer = Callable[[httpx.Request], httpx.Response]


def source_that(answer: Answer, logins: dict[str, CameraLogin] | None = None) -> HttpSnapshotSource:
    return HttpSnapshotSource(
        cameras=[CAMERA], logins=logins, transport=httpx.MockTransport(answer)
    )


def failure_of(source: HttpSnapshotSource, camera: Camera = CAMERA) -> FetchFailure:
    with pytest.raises(SnapshotUnavailableError) as caught:
        source.fetch(camera)
    source.close()
    return caught.value.reason


def test_the_answer_of_a_camera_is_its_snapshot() -> None:
    source = source_that(lambda _: httpx.Response(200, stream=httpx.ByteStream(b"picture")))
    assert source.fetch(CAMERA) == b"picture"
    source.close()


@pytest.mark.parametrize("status", [204, 301, 302, 307, 401, 404, 500])
def test_anything_but_200_is_no_picture_and_no_redirect_is_followed(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(status, headers={"Location": "http://169.254.169.254/latest"})

    assert failure_of(source_that(answer)) is FetchFailure.BAD_STATUS
    assert asked == [CAMERA.snapshot_url]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://10.0.0.5/snapshot.jpg",
        "http://127.0.0.1:8080/snapshot.jpg",
        "http://10.0.0.5:22/snapshot.jpg",
        "https://10.0.0.5:8080/snapshot.jpg",
        "http://user:secret@10.0.0.5:8080/snapshot.jpg",
        "/snapshot.jpg",
    ],
)
def test_only_the_registrys_hosts_are_spoken_to(url: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        pytest.fail("spoke to a host that is not the registry's")

    assert failure_of(source_that(answer), street_camera(url=url)) is FetchFailure.REFUSED_ADDRESS


def test_a_file_address_in_the_registry_itself_is_refused_too() -> None:
    camera = street_camera(url="file:///etc/passwd")
    source = HttpSnapshotSource(cameras=[camera])
    assert failure_of(source, camera) is FetchFailure.REFUSED_ADDRESS


def test_an_endless_answer_ends_at_two_mebibytes() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 65_536
            yield bytes(65_536)

    source = source_that(lambda _: httpx.Response(200, content=endless()))
    assert failure_of(source) is FetchFailure.TOO_MANY_BYTES
    assert taken < 3 * 1024 * 1024


def test_a_camera_that_drips_ends_at_the_deadline() -> None:
    now_s = 0.0

    def slow() -> Iterator[bytes]:
        nonlocal now_s
        while True:
            now_s += 1.0
            yield b"x" * 65_536 if now_s < 3 else b"x" * 70_000

    source = HttpSnapshotSource(
        cameras=[CAMERA],
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=slow())),
        monotonic_s=lambda: now_s,
    )
    assert failure_of(source) is FetchFailure.TOO_SLOW


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectError("refused"), FetchFailure.UNREACHABLE),
        (httpx.ReadTimeout("slow"), FetchFailure.TOO_SLOW),
        (httpx.RemoteProtocolError("cut"), FetchFailure.UNREACHABLE),
    ],
)
def test_a_broken_connection_is_a_camera_without_a_picture(
    error: Exception, reason: FetchFailure
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    assert failure_of(source_that(answer)) is reason


def test_a_camera_that_asks_for_digest_gets_it_and_never_the_password() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Authorization", ""))
        if not seen[-1]:
            challenge = 'Digest realm="cam", nonce="abc", qop="auth", algorithm=MD5'
            return httpx.Response(401, headers={"WWW-Authenticate": challenge})
        return httpx.Response(200, stream=httpx.ByteStream(b"picture"))

    login = CameraLogin(username="huanwei", password="top-secret")  # noqa: S106  made up
    source = source_that(answer, {CAMERA.device_id: login})
    assert source.fetch(CAMERA) == b"picture"
    source.close()
    assert seen[1].startswith("Digest ")
    assert "top-secret" not in seen[1]
    assert "top-secret" not in repr(login)
