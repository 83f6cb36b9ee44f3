"""Every key that the code and the templates name exists."""

import re
from pathlib import Path

import pytest

from api.errors import ErrorCode
from texts.catalogue import Locale, load_catalogues

ROOT = Path(__file__).parents[3]
KNOWN = load_catalogues().keys(Locale.ZH_CN)
IN_CODE = re.compile(r"\.text\(\s*\"([a-z_]+(?:\.[a-z_]+)+)\"")
IN_TEMPLATES = re.compile(r"say\([\"']([a-z_]+(?:\.[a-z_]+)+)[\"'][,)]")


def keys_in(pattern: re.Pattern[str], folder: str, suffix: str) -> set[str]:
    return {
        key
        for path in (ROOT / folder).rglob(f"*{suffix}")
        for key in pattern.findall(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("folder", ["api", "alerts", "firmware_sim", "huanwei"])
def test_every_key_in_code_exists(folder: str) -> None:
    assert keys_in(IN_CODE, folder, ".py") - KNOWN == set()


def test_every_key_in_the_crews_templates_exists() -> None:
    used = keys_in(IN_TEMPLATES, "api/templates", ".html")
    assert len(used) > 15, "the pattern no longer finds them"
    assert used - KNOWN == set()


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_code_has_a_text(code: ErrorCode) -> None:
    assert f"api_error.{code}" in KNOWN
