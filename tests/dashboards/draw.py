"""Draws every dashboard with the data of the simulated district: ``make dashboard-drawings``.

Needs an InfluxDB, a PostgreSQL and Chromium. These are drawings for the manual: the grid, colours,
units and answers are real, the charts are ours, not Grafana's.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.dashboards.asked import ask_everything
from tests.dashboards.drawn_pages import pages
from tests.dashboards.filled import filled_district
from tests.influx_server import start_influx
from tests.postgres_server import start_postgres
from texts.catalogue import Locale

TARGET = Path(__file__).parents[2] / "docs" / "images" / "dashboards"
_CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


def draw(drawn: dict[Path, str], target: Path) -> None:
    """Write each page as a picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=_CHROMIUM
        )
        sheet = browser.new_page(viewport={"width": 1616, "height": 900})
        for name, text in drawn.items():
            file = target / name.with_suffix(".png")
            file.parent.mkdir(parents=True, exist_ok=True)
            sheet.set_content(text)
            sheet.screenshot(path=str(file), full_page=True)
            sys.stdout.write(f"{file}\n")
        browser.close()


def main() -> None:
    """Fill a district, ask, draw."""
    with tempfile.TemporaryDirectory() as folder:
        influx, postgres = start_influx(Path(folder) / "influx"), start_postgres()
        try:
            with filled_district(Path(folder), influx, postgres) as filled:
                drawn = {
                    name: text
                    for locale in Locale
                    for name, text in pages(
                        ask_everything(filled, locale.language_tag), filled.registry, locale
                    ).items()
                }
        finally:
            influx.stop()
            postgres.remove()
    draw(drawn, TARGET)


if __name__ == "__main__":
    main()
