import stat
from pathlib import Path

import pytest

from huanwei.new_run import write_settings
from huanwei.settings import SECRETS_NAME, SettingsError, load_settings


def fresh(folder: Path) -> Path:
    return write_settings(folder, gateway_id="gw-one", first_broker_port=18830)


def test_what_init_writes_can_be_loaded_and_its_paths_are_absolute(tmp_path: Path) -> None:
    settings = load_settings(fresh(tmp_path))

    assert settings.run.data == tmp_path / "data"
    assert settings.run.registry == tmp_path / "registry.json"
    assert settings.edge.acceptance_log is None
    assert settings.broker.mqtt_port == 18830
    assert settings.simulator is None


def test_secrets_are_made_anew_readable_by_the_owner_alone_and_never_printed(
    tmp_path: Path,
) -> None:
    one, two = load_settings(fresh(tmp_path / "a")), load_settings(fresh(tmp_path / "b"))

    assert one.centre.signing_secret != two.centre.signing_secret
    assert stat.S_IMODE((tmp_path / "a" / SECRETS_NAME).stat().st_mode) == 0o600
    assert one.centre.signing_secret.get_secret_value() not in repr(one)


def test_an_existing_settings_file_is_never_overwritten(tmp_path: Path) -> None:
    fresh(tmp_path)

    with pytest.raises(FileExistsError):
        fresh(tmp_path)


def test_every_unknown_key_is_refused_with_file_and_key(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[edge]", "[edge]\ncolour = 1\n") + "\n[bogus]\nx = 1\n", "utf-8")

    with pytest.raises(SettingsError) as refused:
        load_settings(path)

    assert f"{path}: edge.colour" in str(refused.value)
    assert f"{path}: bogus" in str(refused.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])  # noqa: S104  what is refused
def test_the_api_refuses_an_address_that_others_can_reach(tmp_path: Path, host: str) -> None:
    path = fresh(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n[centre]\n", f'\n[centre]\nhost = "{host}"\n'), "utf-8")

    with pytest.raises(SettingsError, match=r"centre\.host.*loopback"):
        load_settings(path)


def test_a_weak_secret_is_refused_and_named_in_its_own_file(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    secrets = tmp_path / SECRETS_NAME
    secrets.write_text('[broker]\nadmin_password = "admin"\n', "utf-8")

    with pytest.raises(SettingsError) as refused:
        load_settings(path)

    assert f"{secrets}: broker.admin_password: " in str(refused.value)
    assert "'admin'" not in str(refused.value)


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUANWEI_CENTRE__PORT", "8123")

    assert load_settings(fresh(tmp_path)).centre.port == 8123


def test_a_missing_or_broken_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "nothing.toml")
    (tmp_path / "bad.toml").write_text("[run\n", "utf-8")
    with pytest.raises(SettingsError, match=r"bad\.toml"):
        load_settings(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("critical_level = 5", "critical_level"),
        ("warning_clears_below = 0.95", "warning_clears_below and warning_level"),
        ("readings_in_a_row = 0", "readings_in_a_row: at least 1"),
    ],
)
def test_limits_that_could_never_work_are_refused(tmp_path: Path, line: str, named: str) -> None:
    path = fresh(tmp_path)
    path.write_text(path.read_text("utf-8") + f"\n[rules]\n{line}\n", "utf-8")

    with pytest.raises(SettingsError, match=named):
        load_settings(path)


def test_behind_a_proxy_the_api_may_listen_on_any_address(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    text = path.read_text(encoding="utf-8")
    any_address = '\n[centre]\nbehind_proxy = true\nhost = "0.0.0.0"\n'
    path.write_text(text.replace("\n[centre]\n", any_address), "utf-8")

    assert load_settings(path).centre.host == "0.0.0.0"  # noqa: S104  as in a container


@pytest.mark.parametrize(
    "known", ["change-me-change-me", "aaaaaaaaaaaaaaaaaaaa", "1234567890123456"]
)
def test_a_secret_that_everybody_knows_is_refused_and_not_shown(tmp_path: Path, known: str) -> None:
    path = fresh(tmp_path)
    secrets = path.with_name("secrets.toml")
    secrets.write_text(f'[broker]\nadmin_password = "{known}"\n', "utf-8")

    with pytest.raises(SettingsError, match=r"broker\.admin_password.*everybody") as refused:
        load_settings(path)
    assert known not in str(refused.value)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('tls_ca = "ca.pem"\ntls_certificate = "own.pem"', "only both together"),
        ('tls_certificate = "own.pem"\ntls_key = "own.key"', "not encrypted"),
    ],
)
def test_half_of_a_tls_setting_is_refused(tmp_path: Path, lines: str, complaint: str) -> None:
    path = fresh(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n[broker]\n", f"\n[broker]\n{lines}\n"), "utf-8")

    with pytest.raises(SettingsError, match=complaint):
        load_settings(path)


def test_tls_to_a_broker_that_speaks_none_is_refused(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\n[broker]\n", '\n[broker]\ntls_ca = "ca.pem"\n'), "utf-8")

    with pytest.raises(SettingsError, match=r"nats-server-tls\.conf"):
        load_settings(path)


def test_tls_files_are_looked_for_beside_the_settings(tmp_path: Path) -> None:
    path = fresh(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("start = true", 'start = false\ntls_ca = "tls/ca.pem"'), "utf-8")

    assert load_settings(path).broker.tls_ca == tmp_path.resolve() / "tls" / "ca.pem"
