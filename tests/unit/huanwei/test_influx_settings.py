from pathlib import Path

import pytest

from huanwei.influx import address, bucket_names
from huanwei.new_run import write_settings
from huanwei.settings import Settings, SettingsError, load_settings


def settings_with(folder: Path, section: str, secrets: str = "") -> Settings:
    path = write_settings(folder, gateway_id="gw-test")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{section}")
    with path.with_name("secrets.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{secrets}")
    return load_settings(path)


def test_without_the_section_there_is_no_influxdb(tmp_path: Path) -> None:
    assert settings_with(tmp_path, "").influx is None


def test_url_and_org_are_enough_and_tokens_come_from_the_secrets(tmp_path: Path) -> None:
    section = settings_with(
        tmp_path,
        '[influx]\nurl = "http://127.0.0.1:8086"\norg = "district"\n',
        '[influx]\ntoken = "the-writers"\n',
    ).influx
    assert section is not None
    found = address(section, section.token)
    assert (found.url, found.org, found.token, found.gzip) == (
        "http://127.0.0.1:8086",
        "district",
        "the-writers",
        False,
    )
    assert list(bucket_names(section).kept_s()) == [
        "huanwei-raw",
        "huanwei-hourly",
        "huanwei-daily",
    ]
    assert "the-writers" not in repr(section)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ('[influx]\nurl = "http://127.0.0.1:8086"\n', "influx.org"),
        ('[influx]\nurl = "127.0.0.1:8086"\norg = "district"\n', "influx.url"),
        ('[influx]\nurl = "http://me:secret@a:8086"\norg = "district"\n', "influx.url"),
        ('[grafana]\nurl = "http://me:secret@a/grafana"\n', "grafana.url"),
        ('[influx]\nurl = "http://a"\norg = "district"\nbucket = "x"\n', "influx.bucket"),
    ],
)
def test_a_wrong_section_names_its_key(tmp_path: Path, section: str, key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        settings_with(tmp_path, section)


def test_tokens_are_no_part_of_what_an_address_prints(tmp_path: Path) -> None:
    section = settings_with(
        tmp_path,
        '[influx]\nurl = "http://127.0.0.1:8086"\norg = "district"\n',
        '[influx]\nread_token = "the-readers"\n',
    ).influx
    assert section is not None
    assert "the-readers" not in repr(address(section, section.read_token))
