"""Writes every dashboard in every language where provisioning reads it: ``make dashboards``."""

import sys
from pathlib import Path

from dashboards.all import DASHBOARDS
from dashboards.grafana.dashboard_json import dashboard_text
from dashboards.provisioned import PROVISIONED
from dashboards.wording import Wording
from texts.catalogue import Locale, load_catalogues


def dashboard_files() -> dict[Path, str]:
    """Return the text of every file, by its path below the folder of provisioned dashboards."""
    catalogue = load_catalogues()
    files = {}
    for locale in Locale:
        wording = Wording(catalogue, locale)
        for defined in DASHBOARDS:
            dashboard = defined(wording)
            path = Path(locale.language_tag) / f"{dashboard.key}.json"
            files[path] = dashboard_text(dashboard, wording)
    return files


def main() -> None:
    """Write the files that differ, and remove those that no definition has."""
    files = dashboard_files()
    for path, text in files.items():
        target = PROVISIONED / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{target}\n")
    for found in PROVISIONED.glob("*/*.json"):
        if found.relative_to(PROVISIONED) not in files:
            found.unlink()


if __name__ == "__main__":
    main()
