"""The console and the crew page in a real browser: no error, no foreign host, live, two languages.

Needs Chromium and Playwright for Python; named as skipped where one of them is missing.
"""

import base64
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import httpx
import numpy as np
import pytest

from tests import loopback
from tests.fakes.exif_samples import exif_segment, with_segment
from tests.servers import free_ports, skip_without
from vision.exif import PhotoOrigin, read_origin

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

pytestmark = pytest.mark.takes_s(30)

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ROOT = Path(__file__).parents[2]
_AS_DATA_URL = """async (input) => new Promise((done) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.readAsDataURL(input.files[0]);
})"""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = ("/", "/cases", "/cases/new", "/devices", "/place/place-001", "/assessment")


@dataclass
class Preview:
    url: str
    crew_link: str


@pytest.fixture(scope="module")
def preview(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preview]:
    skip_without("chromium", CHROMIUM)
    folder = tmp_path_factory.mktemp("console")
    (port,) = free_ports(1)
    script = Path(__file__).with_name("console_preview.py")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(script), str(port), str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/healthz", process, folder / "log")
        crew_link = (folder / "crew_link.txt").read_text(encoding="utf-8")
        yield Preview(url=f"http://127.0.0.1:{port}", crew_link=crew_link)
        assert "Traceback" not in (folder / "log").read_text(encoding="utf-8")
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Watched:
    """A browser page with everything that went wrong on it."""

    page: "Page"
    url: str
    troubles: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", self._on_request)

    def _on_console(self, message: "ConsoleMessage") -> None:
        # The preview keeps one picture back on purpose: "not here yet" must not break the page.
        if message.type == "error" and "/pictures/000" not in str(message.location):
            self.troubles.append(message.text)

    def _on_request(self, request: "Request") -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.troubles.append(f"asks a foreign host: {request.url}")


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    skip_without("chromium", CHROMIUM)
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@contextmanager
def browsing(browser: "Browser", preview: Preview, *, width: int = 1440) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": width, "height": 900})
    watched = Watched(page=context.new_page(), url=preview.url)
    watched.watch()
    yield watched
    context.close()


@pytest.mark.parametrize(("width", "language"), [(1440, "zh_CN"), (390, "en")])
def test_every_page_opens_without_an_error_and_fits(
    browser: "Browser", preview: Preview, width: int, language: str
) -> None:
    with browsing(browser, preview, width=width) as watched:
        page = watched.page
        page.goto(preview.url)
        page.locator("nav a", has_text="辖区").wait_for()
        if language == "en":
            page.select_option("select[name=language]", language)
            page.locator("nav a", has_text="District").wait_for()
        for path in PAGES:
            page.goto(preview.url + path)
            page.locator('#connection[data-state="live"]').wait_for()
            assert page.locator("html").get_attribute("lang") == language.replace("_", "-")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} in {language} is {wide} px wide"
        assert watched.troubles == []


def test_the_map_shows_every_place_without_a_tile_server(
    browser: "Browser", preview: Preview
) -> None:
    with browsing(browser, preview) as watched:
        page = watched.page
        page.goto(preview.url)
        page.locator(".place-marker").first.wait_for()
        markers = page.locator(".place-marker").count()
        assert markers == len(loopback.get(f"{preview.url}/api/v1/places").json()["places"])
        assert page.locator("path.outline").count() > 0
        page.locator(".attention-row .row-place").first.click()
        page.locator(".fill-chart canvas").wait_for()
        assert watched.troubles == []


@pytest.mark.parametrize("width", [1440, 390])
def test_the_names_on_the_map_do_not_lie_upon_each_other(
    browser: "Browser", preview: Preview, width: int
) -> None:
    with browsing(browser, preview, width=width) as watched:
        page = watched.page
        page.goto(preview.url)
        page.locator(".outline-label span").first.wait_for()
        found = page.locator(".outline-label span").evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().toJSON())"
        )
        assert len(found) == page.locator("path.outline").count() > 2
        for one, other in itertools.combinations(found, 2):
            beside = one["right"] <= other["left"] or other["right"] <= one["left"]
            assert beside or one["bottom"] <= other["top"] or other["bottom"] <= one["top"]
        assert watched.troubles == []


def test_a_case_opened_on_one_page_is_called_out_on_another(
    browser: "Browser", preview: Preview
) -> None:
    with browsing(browser, preview) as watched:
        page = watched.page
        page.goto(f"{preview.url}/cases")
        page.locator('#connection[data-state="live"]').wait_for()
        form = page.context.new_page()
        form.goto(f"{preview.url}/cases/new?place=place-004")
        form.get_by_role("button", name="登记案卷").click()
        form.locator(".form-error", has_text="请选择问题类型").wait_for()
        form.get_by_label("问题类型").click()
        form.get_by_role("option", name="环卫设施破损").click()
        form.get_by_role("button", name="登记案卷").click()
        form.wait_for_url("**/cases/case-*")
        number = form.url.rpartition("/case-")[2]
        page.locator(".new-case", has_text=number).wait_for()
        page.locator(".column-dispatched .case-card", has_text=number).wait_for()
        assert watched.troubles == []


def test_an_inspector_closes_a_case_that_the_dispatcher_may_not(
    browser: "Browser", preview: Preview
) -> None:
    with browsing(browser, preview) as watched:
        page = watched.page
        page.goto(f"{preview.url}/cases")
        page.locator(".column-awaiting .case-card a").first.click()
        page.locator(".waiting-for").wait_for()
        assert page.get_by_role("button", name="核查通过").count() == 0
        assert page.locator(".renewal").count() == 0
        page.select_option("select[name=role]", "inspector")
        page.get_by_role("button", name="核查通过").click()
        page.locator(".action-dialog").get_by_role("button", name="核查通过").click()
        page.locator(".state", has_text="核查结案").wait_for()
        page.locator(".case-log", has_text="督查员").wait_for()
        page.locator(".renewal", has_text="更新 cam-050 的干净画面").wait_for()
        assert watched.troubles == []


def test_what_the_camera_found_is_boxed_in_the_picture_that_opened_the_case(
    browser: "Browser", preview: Preview
) -> None:
    cases = loopback.get(f"{preview.url}/api/v1/cases").json()["cases"]
    (case_id,) = (case["case_id"] for case in cases if case["source"] == "camera")
    with browsing(browser, preview) as watched:
        page = watched.page
        page.goto(f"{preview.url}/cases/{case_id}")
        picture = page.locator(".photo img").bounding_box()
        box = page.locator(".photo rect.box-problem").bounding_box()
        assert picture is not None
        assert box is not None
        # As the preview draws it, at 0.4 and 0.75 of the picture; half of a line is outside.
        assert box["x"] - picture["x"] == pytest.approx(0.4 * picture["width"], abs=3)
        assert box["y"] - picture["y"] == pytest.approx(0.75 * picture["height"], abs=3)
        page.locator(".photo .verdicts", has_text="小包垃圾落地: 存在").wait_for()
        assert watched.troubles == []


def test_a_ranking_is_asked_for_sorted_printed_and_taken_along(
    browser: "Browser", preview: Preview
) -> None:
    with browsing(browser, preview) as watched:
        page = watched.page
        page.goto(f"{preview.url}/assessment")
        page.locator("nav a[aria-current]", has_text="考核").wait_for()
        assert set(page.locator("tbody .cell-rank").all_inner_texts()) == {"—"}
        page.locator("input[name=first]").fill("2026-03-03")
        page.locator("input[name=last]").fill("2026-03-03")
        page.get_by_role("button", name="查看").click()
        page.get_by_role("link", name="责任单位").click()
        page.get_by_role("link", name="满溢时长占比").click()
        page.locator("th.cell-share[aria-sort=descending]").wait_for()
        ranks = [int(rank) for rank in page.locator("tbody .cell-rank").all_inner_texts()]
        assert ranks == sorted(ranks, reverse=True)
        assert len(ranks) > 2
        page.select_option("select[name=language]", "en")
        page.locator("th.cell-share[aria-sort=descending]", has_text="Time full").wait_for()
        with page.expect_download() as download:
            page.get_by_role("link", name="Download table").click()
        table = download.value.path().read_bytes()
        assert table.startswith("\ufeffFirst day,Last day,Rank,Responsible unit".encode())
        page.emulate_media(media="print")
        assert not page.locator(".console-header").is_visible()
        assert not page.get_by_role("button", name="Show").is_visible()
        page.set_viewport_size({"width": 700, "height": 900})
        assert page.locator(".ranking thead th").nth(1).is_visible(), "a table, no cards, on paper"
        assert watched.troubles == []


def test_the_sound_is_off_until_somebody_enables_it_and_can_be_muted(
    browser: "Browser", preview: Preview
) -> None:
    with browsing(browser, preview) as watched:
        page = watched.page
        page.goto(preview.url)
        page.locator('#sound[data-state="off"]').click()
        page.locator('#sound[data-state="on"]').wait_for()
        page.locator("#sound").click()
        page.locator('#sound[data-state="off"]').wait_for()
        assert watched.troubles == []


def test_the_crew_page_opens_from_its_link_without_an_error(
    browser: "Browser", preview: Preview
) -> None:
    with browsing(browser, preview, width=390) as watched:
        watched.page.goto(preview.crew_link)
        watched.page.locator("form button").first.wait_for()
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert watched.troubles == []


def test_a_photo_made_small_in_the_browser_still_tells_when_and_where(
    preview: Preview, browser: "Browser"
) -> None:
    large = np.random.default_rng(1).integers(90, 160, (1000, 1700, 3), dtype=np.uint8)
    segment = exif_segment(taken="2026:03:03 10:00:00", at=(31.25, 121.5), orientation=6, order="<")
    photo = with_segment(cv2.imencode(".jpg", large)[1].tobytes(), segment)
    with browsing(browser, preview, width=390) as watched:
        watched.page.goto(preview.crew_link)
        for _ in ("accept", "arrive"):
            watched.page.locator("form button").first.click()
        overview = watched.page.locator("input[name=overview]")
        overview.set_input_files({"name": "p.jpg", "mimeType": "image/jpeg", "buffer": photo})
        watched.page.locator("canvas.photo-preview:not([hidden])").wait_for()
        watched.page.locator("#finish button:not([disabled])").wait_for()
        sent = base64.b64decode(overview.evaluate(_AS_DATA_URL).partition(",")[2])
        assert watched.troubles == []
    assert len(sent) < len(photo)
    assert read_origin(sent) == read_origin(photo) != PhotoOrigin()
    shown = cv2.imdecode(np.frombuffer(sent, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape[:2] == (1600, 941), "turned upright once"


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            if loopback.get(url).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(log.read_text(encoding="utf-8"))
