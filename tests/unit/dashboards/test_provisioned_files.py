"""The committed JSON is what the definitions say, in both languages."""

import json
from pathlib import Path

import pytest

from dashboards.provisioned import PROVISIONED
from dashboards.write import dashboard_files
from texts.catalogue import Locale

FILES = dashboard_files()


def test_every_file_that_provisioning_reads_comes_from_a_definition() -> None:
    found = {path.relative_to(PROVISIONED) for path in PROVISIONED.glob("*/*.json")}
    assert found == set(FILES), "write them again: make dashboards"


@pytest.mark.parametrize("path", sorted(FILES), ids=str)
def test_a_file_is_what_its_definition_says(path: Path) -> None:
    assert (PROVISIONED / path).read_text(encoding="utf-8") == FILES[path], (
        "write it again: make dashboards"
    )


def test_both_languages_have_the_same_dashboards_with_the_same_queries() -> None:
    def shape(locale: Locale) -> dict[str, list[object]]:
        return {
            path.name: [
                (panel["id"], panel["type"], panel["gridPos"], len(panel["targets"]))
                for panel in json.loads(text)["panels"]
            ]
            for path, text in FILES.items()
            if path.parent.name == locale.language_tag
        }

    assert shape(Locale.ZH_CN) == shape(Locale.EN)


def test_uids_are_fixed_apart_and_short_enough() -> None:
    uids = [json.loads(text)["uid"] for text in FILES.values()]
    assert len(set(uids)) == len(uids)
    assert all(len(uid) <= 40 for uid in uids)
    assert {"huanwei-district-zh-cn", "huanwei-district-en"} <= set(uids)
