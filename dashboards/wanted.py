"""The committed dashboards, ready for one Grafana: with the console's address put in."""

import json
from collections.abc import Iterator

from dashboards.grafana_port import Folder
from dashboards.provisioned import PROVISIONED
from dashboards.pushing import WantedDashboard
from dashboards.wording import folder_uid
from texts.catalogue import Locale

FOLDER_TITLES = {Locale.ZH_CN: "环卫", Locale.EN: "Huanwei"}
"""What the folders are called; provisioning calls them the same."""

_CONSOLE = "console"


def wanted_dashboards(*, console_url: str) -> list[WantedDashboard]:
    """Return every dashboard in every language; links lead to the console at ``console_url``."""
    return list(_wanted(console_url.rstrip("/")))


def _wanted(console_url: str) -> Iterator[WantedDashboard]:
    for locale in Locale:
        folder = Folder(uid=folder_uid(locale), title=FOLDER_TITLES[locale])
        for path in sorted((PROVISIONED / locale.language_tag).glob("*.json")):
            model = json.loads(path.read_text(encoding="utf-8"))
            for variable in model["templating"]["list"]:
                if variable["name"] == _CONSOLE:
                    variable["query"] = console_url
            yield WantedDashboard(model=model, folder=folder)
