"""Draws every dashboard with the data of the simulated district: ``make dashboard-drawings``.

Needs an InfluxDB, a PostgreSQL and Chromium. These are drawings for the manual: the grid, colours,
units and answers are real, the charts are ours, not Grafana's.
"""

import shutil
import sys
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from firmware_sim.camera_server import camera_viewpoint
from firmware_sim.district import build_district
from firmware_sim.renderer import SceneRenderer, encode_jpeg
from ingest.influx.record_lines import PICTURE_PATH
from tests.dashboards.asked import Asked, ask_everything
from tests.dashboards.district_life import GATEWAY
from tests.dashboards.drawn_pages import pages
from tests.dashboards.filled import FilledDistrict, filled_district
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


def put_pictures_in(asked: Sequence[Asked], filled: FilledDistrict) -> None:
    """Put what the simulator's cameras saw in the place of the addresses of pictures.

    Without people: stored pictures are masked, too.
    """
    district = build_district(7, simulator_url="http://127.0.0.1:8010", gateway_id=GATEWAY)
    renderer = SceneRenderer(seed=district.seed)
    for column in (
        column
        for one in asked
        for frames in one.answers.values()
        for frame in frames
        for column in frame.columns
        if column.name == "picture"
    ):
        for row, path in enumerate(column.values):
            scene = filled.scenes.get(str(path).removeprefix(PICTURE_PATH))
            if scene is not None:
                view = camera_viewpoint(district, scene.camera_id)
                picture = renderer.quiet_snapshot(view, scene.truth, scene.at)
                jpeg = b64encode(encode_jpeg(picture)).decode()
                column.values[row] = f"data:image/jpeg;base64,{jpeg}"


def _pages(filled: FilledDistrict, locale: Locale) -> dict[Path, str]:
    asked = ask_everything(filled, locale.language_tag)
    put_pictures_in(asked, filled)
    return pages(asked, filled.registry, locale)


def main() -> None:
    """Fill a district, ask, draw."""
    with tempfile.TemporaryDirectory() as folder:
        influx, postgres = start_influx(Path(folder) / "influx"), start_postgres()
        try:
            with filled_district(Path(folder), influx, postgres) as filled:
                drawn = {
                    name: text for locale in Locale for name, text in _pages(filled, locale).items()
                }
        finally:
            influx.stop()
            postgres.remove()
    draw(drawn, TARGET)


if __name__ == "__main__":
    main()
