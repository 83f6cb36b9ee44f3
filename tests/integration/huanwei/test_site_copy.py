"""An edge on another machine fetches what the district has for it: all of it, or nothing."""

import hashlib
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import Camera, Lighting, ReferencePicture
from domain.registry import RegistrySnapshot
from huanwei.errors import StandsInTheWayError
from huanwei.new_run import write_settings
from huanwei.settings import Settings, load_settings
from huanwei.site_bundle import (
    BadBundleError,
    Bundle,
    Request,
    decode_bundle,
    encode_bundle,
    encode_request,
    is_learned,
)
from huanwei.site_copy import Fetched, answer, request_of, take
from storage.lock_file import FileInUseError, LockFile
from storage.registry_file import load_registry, save_registry
from tests.fakes.ingest_samples import CAMERA, GATEWAY, OTHER_GATEWAY, sample_registry
from vision.learned import rejected_path
from vision.overflow_calibration import calibration_path
from vision.overflow_network import RUN_HEAD


class District:
    """The machine of the pages, and one of an edge, each with its folder."""

    def __init__(self, folder: Path) -> None:
        self.pages_settings = write_settings(folder / "pages", gateway_id="gw-pages")
        self.edge_settings = write_settings(folder / "edge", gateway_id=GATEWAY)
        self.pages, self.edge = (
            load_settings(self.pages_settings),
            load_settings(self.edge_settings),
        )
        self.pages.run.references.mkdir()
        self.registry = sample_registry()

    def save(self, registry: RegistrySnapshot) -> None:
        self.registry = replace(registry, version=self.registry.version + 1)
        save_registry(self.registry, self.pages.run.registry)

    def see(self, *pictures: bytes, camera_id: str = CAMERA) -> None:
        """Let the camera have these references."""
        references = tuple(
            ReferencePicture(lighting=Lighting.DAY, sha256=hashlib.sha256(each).hexdigest())
            for each in pictures
        )
        for reference, each in zip(references, pictures, strict=True):
            (self.pages.run.references / f"{reference.sha256}.jpg").write_bytes(each)
        camera = replace(self.registry.cameras[camera_id], references=references)
        self.save(replace(self.registry, cameras={**self.registry.cameras, camera_id: camera}))

    def add(self, camera: Camera) -> None:
        self.save(
            replace(self.registry, cameras={**self.registry.cameras, camera.device_id: camera})
        )

    def answered(self, request: Request) -> bytes:
        return answer(encode_request(request), self.registry, self.pages.run.references)[0]

    def fetch(self) -> Fetched:
        request = request_of(self.edge)
        return take(self.answered(request), request, self.edge)


@pytest.fixture
def district(tmp_path: Path) -> District:
    made = District(tmp_path)
    made.see(b"clean by day")
    return made


def files(settings: Settings) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in settings.run.references.glob("*.*")}


def test_the_names_are_those_that_vision_gives() -> None:
    folder = Path("references")
    for path in (calibration_path(folder, CAMERA), rejected_path(folder, CAMERA)):
        assert is_learned(path.name)
    assert is_learned(RUN_HEAD)
    assert is_learned(Path(RUN_HEAD).with_suffix(".md").name)


def test_the_first_fetch_brings_everything_and_the_next_nothing(district: District) -> None:
    here = district.pages.run.references
    calibration_path(here, CAMERA).write_bytes(b"threshold")
    rejected_path(here, CAMERA).write_bytes(b"[]")
    first = district.fetch()
    assert files(district.edge) == files(district.pages)
    assert load_registry(district.edge.run.registry) == district.registry
    assert len(first.changed) == 4
    assert not first.needs_restart
    request = request_of(district.edge)
    told = district.answered(request)
    assert take(told, request, district.edge).changed == ()
    assert len(told) < 600


def test_only_what_has_changed_travels(district: District) -> None:
    district.fetch()
    district.see(b"clean by day", b"renewed")
    (district.pages.run.references / RUN_HEAD).write_bytes(b"head")
    fetched = district.fetch()
    renewed = hashlib.sha256(b"renewed").hexdigest()
    assert fetched.changed == tuple(sorted((f"{renewed}.jpg", RUN_HEAD, "registry.json")))
    assert fetched.version == district.registry.version
    assert fetched.needs_restart


def test_what_was_taken_back_in_the_district_is_taken_back_at_the_edge(district: District) -> None:
    threshold = calibration_path(district.pages.run.references, CAMERA)
    threshold.write_bytes(b"threshold")
    district.fetch()
    threshold.unlink()
    assert district.fetch().removed == (threshold.name,)
    assert files(district.edge) == files(district.pages)


def test_a_site_gets_the_files_of_its_own_cameras_only(district: District) -> None:
    elsewhere = replace(
        district.registry.cameras[CAMERA], device_id="camera-9", gateway_id=OTHER_GATEWAY
    )
    district.add(elsewhere)
    district.see(b"another street", camera_id="camera-9")
    calibration_path(district.pages.run.references, "camera-9").write_bytes(b"threshold")
    district.fetch()
    assert list(files(district.edge).values()) == [b"clean by day"]


def test_the_registry_comes_last(district: District, tmp_path: Path) -> None:
    district.fetch()
    district.see(b"renewed")
    before = district.edge.run.registry.read_bytes()
    request = request_of(district.edge)
    told = district.answered(request)
    district.edge.run.references.rename(tmp_path / "away")
    district.edge.run.references.write_bytes(b"no folder")
    with pytest.raises(OSError, match="references"):
        take(told, request, district.edge)
    assert district.edge.run.registry.read_bytes() == before


def broken(district: District, change: Callable[[Bundle], Bundle]) -> bytes:
    request = request_of(district.edge)
    return encode_bundle(change(decode_bundle(district.answered(request), request)))


def changed(bundle: Bundle, contents: Mapping[str, bytes]) -> Bundle:
    wanted = {**bundle.wanted, **{n: hashlib.sha256(c).hexdigest() for n, c in contents.items()}}
    return replace(bundle, wanted=wanted, contents={**bundle.contents, **contents})


@pytest.mark.parametrize(
    "change",
    [
        lambda bundle: replace(bundle, contents={}),
        lambda bundle: replace(bundle, gateway_id="gw-other"),
        lambda bundle: replace(bundle, schema=2),
        lambda bundle: replace(bundle, wanted={}),
        lambda bundle: changed(bundle, {"../secrets.toml": b"x"}),
        lambda bundle: changed(bundle, {f"{'0' * 64}.jpg": b"of another content"}),
        lambda bundle: changed(bundle, {"registry.json": b"{}"}),
        lambda bundle: replace(bundle, contents={**bundle.contents, "more.jpg": b"x"}),
    ],
    ids=["missing", "gateway", "schema", "empty", "path", "content", "registry", "besides"],
)
def test_an_answer_that_is_not_right_changes_nothing(
    district: District, change: Callable[[Bundle], Bundle]
) -> None:
    with pytest.raises(BadBundleError):
        take(broken(district, change), request_of(district.edge), district.edge)
    assert not district.edge.run.registry.exists()
    assert not district.edge.run.references.exists()


@given(st.floats(0, 0.999))
def test_an_answer_that_was_cut_off_anywhere_is_none(share: float) -> None:
    content = bytes(range(256)) * 4
    request = Request(gateway_id=GATEWAY, held={})
    whole = encode_bundle(
        Bundle(
            gateway_id=GATEWAY,
            wanted={"registry.json": hashlib.sha256(content).hexdigest()},
            contents={"registry.json": content},
        )
    )
    assert decode_bundle(whole, request).contents["registry.json"] == content
    with pytest.raises(BadBundleError):
        decode_bundle(whole[: int(share * len(whole))], request)


def test_a_reference_that_the_district_lacks_is_told_and_stops_nothing(district: District) -> None:
    (lost,) = district.pages.run.references.glob("*.jpg")
    lost.unlink()
    request = request_of(district.edge)
    told, missing = answer(
        encode_request(request), district.registry, district.pages.run.references
    )
    assert missing == [lost.name]
    assert take(told, request, district.edge).version == district.registry.version


def site(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "huanwei", "site", *arguments),
        input="",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_one_command_fetches_over_any_pipe(district: District) -> None:
    pages = (sys.executable, "-m", "huanwei", "site", "answer", "--settings")
    # A copy of the registry, and no secrets: neither side needs a password.
    copy = district.pages.run.registry.rename(district.pages.run.data.parent / "copy.json")
    there = shlex.join((*pages, str(district.pages_settings), "--registry", str(copy)))
    there = f"HUANWEI_SECRETS_FILE=/dev/null {there}"
    fetch = ("fetch", "--settings", str(district.edge_settings), "--", "sh", "-c")
    done = site(*fetch, there)
    assert (done.returncode, done.stderr) == (0, "")
    assert "registry.json: new" in done.stdout
    assert load_registry(district.edge.run.registry) == district.registry
    copy.write_text("{}", encoding="utf-8")
    settings = ("--settings", str(district.pages_settings))
    bad = site("answer", *settings, "--registry", str(copy))
    assert bad.returncode == 2
    assert "copy.json" in bad.stderr
    assert site(*fetch, "exit 7").stderr.strip() == "sh ended with code 7; nothing was changed"


def test_a_second_fetch_beside_a_slow_one_is_refused(district: District) -> None:
    path = district.edge.run.registry
    lock = LockFile(path.with_name(f".{path.name}.fetch.lock"))
    try:
        done = site("fetch", "--settings", str(district.edge_settings), "--", "true")
    finally:
        lock.release()
    assert done.returncode == 1
    assert str(FileInUseError(lock.path, "")).split()[0] in done.stderr


def test_who_is_not_asked_by_an_edge_says_so(district: District) -> None:
    with pytest.raises(BadBundleError, match="huanwei site fetch"):
        answer(b"", district.registry, district.pages.run.references)
    request = encode_request(Request(gateway_id="gw-nowhere", held={}))
    with pytest.raises(StandsInTheWayError, match="gw-nowhere"):
        answer(request, district.registry, district.pages.run.references)


def test_a_folder_that_is_not_there_takes_nothing_back(district: District, tmp_path: Path) -> None:
    calibration_path(district.pages.run.references, CAMERA).write_bytes(b"threshold")
    district.fetch()
    district.pages.run.references.rename(tmp_path / "not-mounted")
    with pytest.raises(StandsInTheWayError, match="references"):
        district.fetch()
    assert calibration_path(district.edge.run.references, CAMERA).exists()
