"""The committed dashboards, ready for one Grafana: with the console's address and tiles put in."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from dashboards.grafana_port import Folder, Model
from dashboards.provisioned import PROVISIONED
from dashboards.pushing import WantedDashboard
from dashboards.tiles import with_tiles
from dashboards.wording import folder_uid
from texts.catalogue import Locale

FOLDER_TITLES = {Locale.ZH_CN: "环卫", Locale.EN: "Huanwei"}
"""What the folders are called; provisioning calls them the same."""

_CONSOLE = "console"


def wanted_dashboards(*, console_url: str, tile_url: str | None = None) -> list[WantedDashboard]:
    """Return every dashboard in every language; links lead to the console at ``console_url``, maps
    lie on the tiles of ``tile_url`` where there are some.
    """
    return list(_wanted(console_url.rstrip("/"), tile_url))


def wanted_files(*, console_url: str, tile_url: str | None = None) -> Mapping[Path, str]:
    """Return the same dashboards as the files of provisioning, by their paths in its folder."""
    languages = {folder_uid(locale): locale.language_tag for locale in Locale}
    return {
        Path(languages[each.folder.uid]) / f"{each.uid}.json": _file(each.model)
        for each in wanted_dashboards(console_url=console_url, tile_url=tile_url)
    }


def _file(model: Model) -> str:
    return json.dumps(model, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _wanted(console_url: str, tile_url: str | None) -> Iterator[WantedDashboard]:
    for locale in Locale:
        folder = Folder(uid=folder_uid(locale), title=FOLDER_TITLES[locale])
        for path in sorted((PROVISIONED / locale.language_tag).glob("*.json")):
            model = json.loads(path.read_text(encoding="utf-8"))
            for variable in model["templating"]["list"]:
                if variable["name"] == _CONSOLE:
                    variable["query"] = console_url
            if tile_url is not None:
                model = with_tiles(model, tile_url)
            yield WantedDashboard(model=model, folder=folder)
