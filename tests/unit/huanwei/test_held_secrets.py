from pathlib import Path

import pytest

from huanwei.held_secrets import require_secrets
from huanwei.settings import Settings, SettingsError, load_settings

PASSWORD = "kept-by-nobody-but-this-test"  # noqa: S105  of nobody


def settings_with(folder: Path, *lines: str, start: bool = False) -> Settings:
    path = folder / "huanwei.toml"
    text = '[edge]\ngateway_id = "gw-one"\n[broker]\nstart = ' + str(start).lower()
    path.write_text("\n".join((text, *lines)), "utf-8")
    return load_settings(path)


def test_a_process_needs_the_password_of_its_own_user_alone(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, f'gateway_password = "{PASSWORD}"')

    require_secrets(settings, ["edge"])
    with pytest.raises(SettingsError, match=r"^broker\.ingest_password: missing"):
        require_secrets(settings, ["ingest"])


def test_everything_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        require_secrets(settings_with(tmp_path), ["edge", "ingest", "centre"])

    named = [line.split(":")[0] for line in str(refused.value).splitlines()]
    assert named == ["broker.gateway_password", "broker.ingest_password", "centre.signing_secret"]


def test_a_run_that_starts_the_broker_needs_the_passwords_of_all_its_users(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, f'gateway_password = "{PASSWORD}"', start=True)

    with pytest.raises(SettingsError) as refused:
        require_secrets(settings, ["edge"])

    named = {line.split(":")[0] for line in str(refused.value).splitlines()}
    assert named == {f"broker.{name}_password" for name in ("admin", "ingest", "devices")}


def test_a_weak_password_is_refused_though_it_may_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="shorter than 16"):
        settings_with(tmp_path, 'gateway_password = "short"')
