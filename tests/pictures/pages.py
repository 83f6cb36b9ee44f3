"""Pictures of the calibration page and of a review, in both languages, of a demo run for it."""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from tests.servers import free_ports_in_a_row

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Page

_CHROMIUM = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
_LANGUAGES = {"en": "en", "zh-CN": "zh_CN"}
_WORDS = {
    "en": {"look": "Look", "try": "Try out"},
    "zh-CN": {"look": "取一张", "try": "试判"},
}
_PATIENCE_MS = 120_000
_QUALITY = 50
_LOOKS = 5


class DemoEndedError(Exception):
    """The demo did not start; it has said why."""


def page_pictures() -> dict[str, bytes]:
    """Return every picture of a page by its name, as JPEG."""
    made = {}
    with _demo() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=_CHROMIUM
        )
        for language in _LANGUAGES:
            page = _opened(browser, url, language)
            made[f"review.{language}.jpg"] = _review(page, url)
            made[f"calibration.{language}.jpg"] = _calibration(page, url, _WORDS[language])
        browser.close()
    return made


@contextmanager
def _demo() -> Iterator[str]:
    console = free_ports_in_a_row(5)
    ports = {"--console-port": console, "--simulator-port": console + 1}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "huanwei", "demo", "--speed", "60"),
                *(f"{name}={port}" for name, port in ports.items()),
                f"--broker-port={console + 2}",
            ],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("Open"):
                    break
            else:
                raise DemoEndedError
            yield f"http://127.0.0.1:{console}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _opened(browser: "Browser", url: str, language: str) -> "Page":
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(url)
    if language != "zh-CN":
        page.select_option("select[name=language]", _LANGUAGES[language])
        page.locator(f'html[lang="{language}"]').wait_for()
    return page


def _review(page: "Page", url: str) -> bytes:
    """The first detection of which a reviewer sees enough."""
    page.goto(url + "/reviews")
    clear = page.locator(".review:has(.review-hidden[hidden]):has(.box-then)")
    clear.first.wait_for()
    page.wait_for_timeout(1500)
    return clear.first.screenshot(type="jpeg", quality=_QUALITY)


def _calibration(page: "Page", url: str, words: dict[str, str]) -> bytes:
    page.goto(url + "/cameras/cam-001/calibration")
    page.locator('#connection[data-state="live"]').wait_for()
    for number in range(1, _LOOKS + 1):
        page.get_by_role("button", name=words["look"], exact=True).click()
        page.locator(".trial-numbers button", has_text=str(number)).first.wait_for()
    for number, side_m in enumerate(("4.6", "4.1")):
        field = page.locator(".side-inputs input").nth(number)
        field.fill(side_m)
        field.press("Tab")
    page.locator(".ground-scale line").first.wait_for(state="attached")
    page.get_by_role("button", name=words["try"], exact=True).click()
    page.locator(".trial-stored img").wait_for()
    page.locator(".zone-name").nth(2).click()
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)
    upper: FloatRect = {"x": 0, "y": 0, "width": 1280, "height": 1180}
    return page.screenshot(type="jpeg", quality=_QUALITY, full_page=True, clip=upper)
