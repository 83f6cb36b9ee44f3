"""Every text that the simulator's pages ask for is in the catalogue, and none lies there unused."""

import re
from enum import StrEnum
from importlib.resources import files

import pytest

from firmware_sim.camera_server import CameraFault
from firmware_sim.ground import GroundKind
from firmware_sim.phone_inbox import MessageLevel, PhoneFault
from texts.catalogue import Locale, key_of, load_catalogues

CATALOGUE = load_catalogues()
_KEY = re.compile(r"""["'](simulator\.[a-z_.]+)["']""")


def keys_in_the_pages() -> set[str]:
    root = files("firmware_sim")
    sources = [file for file in root.iterdir() if file.name.endswith(".py")]
    sources += [file for file in (root / "pages").iterdir() if file.name.endswith(".html")]
    found = {key for file in sources for key in _KEY.findall(file.read_text("utf-8"))}
    found = {key for key in found if not key.endswith((".css", ".js"))}
    return found | {f"simulator.ground.{kind.value}" for kind in GroundKind}


def test_the_texts_of_the_pages_are_exactly_those_of_the_catalogue() -> None:
    known = {key for key in CATALOGUE.keys(Locale.ZH_CN) if key.startswith("simulator.")}
    assert keys_in_the_pages() == known
    assert len(known) > 20


@pytest.mark.parametrize("enum", [CameraFault, MessageLevel, PhoneFault])
@pytest.mark.parametrize("locale", Locale)
def test_every_member_has_a_word(enum: type[StrEnum], locale: Locale) -> None:
    assert [member for member in enum if key_of(member) not in CATALOGUE.keys(locale)] == []
