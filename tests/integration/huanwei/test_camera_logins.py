"""A camera that wants a login gets the one of the settings, and nobody else gets to see it."""

from dataclasses import replace
from pathlib import Path

import pytest

from domain.ports.camera_bench import BenchError, BenchRefusal
from huanwei.business_clock import SystemClock
from huanwei.camera_work import camera_work
from huanwei.new_run import write_settings
from huanwei.settings import SECRETS_NAME, Settings, SettingsError, load_settings
from tests.fakes.camera_server import CameraServer
from tests.fakes.memory_registry import MemoryRegistry
from tests.fakes.sample_pictures import clean_scene, jpeg_of, street_camera
from tests.fakes.simulated_district import district

PASSWORD = "only-for-looking"  # noqa: S105  made up


def settings_with(folder: Path, lines: str) -> Settings:
    path = write_settings(folder, gateway_id="gw-one")
    secrets = path.with_name(SECRETS_NAME)
    secrets.write_text(f"{secrets.read_text('utf-8')}\n{lines}\n", "utf-8")
    return load_settings(path)


def login_of(camera_id: str) -> str:
    return f"""[camera_logins.{camera_id}]
user = "looker"
password = "{PASSWORD}"
digest = false"""


@pytest.mark.parametrize("is_set", [True, False])
def test_a_camera_is_told_its_login(tmp_path: Path, is_set: bool) -> None:  # noqa: FBT001  a case
    camera = street_camera()
    settings = settings_with(tmp_path, login_of(camera.device_id if is_set else "another-camera"))
    registry = MemoryRegistry(district().registry)
    work = camera_work(settings, registry, SystemClock())
    with CameraServer({"/a": [jpeg_of(clean_scene())]}, login=f"looker:{PASSWORD}") as server:
        session = work.bench.open(replace(camera, snapshot_url=server.url("/a"), references=()))
        try:
            if is_set:
                assert session.look().number == 1
            else:
                with pytest.raises(BenchError) as refused:
                    session.look()
                assert refused.value.reason is BenchRefusal.UNREACHABLE
        finally:
            session.close()
    for part in work.closing:
        part.stop()


def test_a_password_is_in_no_text_of_the_settings_nor_of_their_errors(tmp_path: Path) -> None:
    settings = settings_with(tmp_path / "good", login_of("camera-1"))
    assert PASSWORD not in f"{settings!r} {settings} {settings.camera_logins}"

    with pytest.raises(SettingsError) as refused:
        settings_with(tmp_path / "bad", login_of("No Camera").replace("No Camera", '"No Camera"'))
    assert "camera_logins.No Camera" in str(refused.value)
    with pytest.raises(SettingsError) as unknown:
        settings_with(tmp_path / "key", f'{login_of("camera-1")}\npass = "{PASSWORD}"')
    assert "camera_logins.camera-1.pass" in str(unknown.value)
    with pytest.raises(SettingsError) as no_user:
        settings_with(tmp_path / "user", login_of("camera-1").replace("looker", f"a:{PASSWORD}"))
    assert "camera_logins.camera-1.user" in str(no_user.value)
    for error in (refused, unknown, no_user):
        assert PASSWORD not in str(error.value)
