"""A technician calibrates a camera and a dispatcher reviews, in a real browser, in two languages.

Needs Chromium and Playwright for Python; named as skipped where one of them is missing.
"""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from tests.system.test_console_in_a_browser import Preview, Watched, browser, browsing, preview

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.takes_s(25)

__all__ = ["browser", "preview"]

WORDS = {
    "zh_CN": {
        "look": "取一张",
        "nobody": "画面中没有人",
        "take": "用当前画面",
        "try": "试判",
        "ground": "+ 地面",
        "undo": "撤销",
        "redo": "重做",
        "finish": "完成",
        "save": "保存并生效",
        "saved": "第 2 版已生效",
        "refused": "未保存",
        "bag": "小包垃圾落地: 存在",
        "one_side": "两条边长要么都填",
        "restore": "恢复",
        "reject": "误报",
    },
    "en": {
        "look": "Look",
        "nobody": "Nobody can be seen",
        "take": "From the picture shown",
        "try": "Try out",
        "ground": "+ Ground",
        "undo": "Undo",
        "redo": "Redo",
        "finish": "Finish",
        "save": "Save and put in force",
        "saved": "is in force; the camera",
        "refused": "Not saved",
        "bag": "Bagged waste on the ground: Present",
        "one_side": "give both sides",
        "restore": "Restore",
        "reject": "Reject",
        "clean": "I say: the place is clean now",
        "renew": "Renew the clean picture of cam-007",
    },
}


def button(page: "Page", name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def open_in(watched: Watched, language: str, path: str) -> "Page":
    page = watched.page
    page.set_default_timeout(12_000)
    page.goto(watched.url)
    if language != "zh_CN":
        page.select_option("select[name=language]", language)
        page.locator(f'html[lang="{language}"]').wait_for()
    page.goto(watched.url + path)
    page.locator('#connection[data-state="live"]').wait_for()
    return page


def press_at(page: "Page", x: float, y: float) -> None:
    frame = page.locator(".zone-canvas svg").bounding_box()
    assert frame is not None
    page.mouse.click(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"])


def look_while_typing(page: "Page", look: str) -> None:
    size = page.locator(".zone-list input").first
    as_found = size.input_value()
    size.fill("31.5")
    page.get_by_role("button", name=look, exact=True).dispatch_event("click")
    page.locator(".trial-numbers button", has_text="6").first.wait_for()
    page.wait_for_function("document.querySelector('.zone-canvas img').complete")
    assert size.input_value() == "31.5", "a picture that comes leaves what is being typed"
    size.fill(as_found)
    size.press("Tab")


def draw_ground(page: "Page", say: dict[str, str]) -> None:
    button(page, say["ground"])
    page.locator(".zone-canvas").scroll_into_view_if_needed()
    for x, y in ((0.05, 0.62), (0.5, 0.62), (0.5, 0.97), (0.05, 0.97)):
        press_at(page, x, y)
    button(page, say["finish"])


@pytest.mark.parametrize(("width", "language"), [(1440, "zh_CN"), (390, "en")])
def test_a_technician_calibrates_a_camera_and_puts_it_back(
    browser: "Browser", preview: Preview, width: int, language: str
) -> None:
    say = WORDS[language]
    with browsing(browser, preview, width=width) as watched:
        page = open_in(watched, language, "/cameras/cam-001/calibration")
        for number in range(1, 6):
            button(page, say["look"])
            page.locator(".trial-numbers button", has_text=str(number)).first.wait_for()
            if number == 1:
                page.get_by_text(say["nobody"]).click()
                button(page, say["take"])
                page.locator(".reference-row img").wait_for()

        look_while_typing(page, say["look"])

        zones = page.locator(".zone-canvas polygon")
        before = zones.count()
        page.locator(".zone-name").last.click()
        page.locator(".zone-name").last.press("Delete")
        button(page, say["undo"])
        draw_ground(page, say)
        assert zones.count() == before + 1
        page.locator(".zone-list li.chosen .zone-name").wait_for()
        button(page, say["save"])
        page.locator(".form-error", has_text=say["refused"]).wait_for()

        sides = page.locator(".zone-list li.chosen .side-inputs input")
        sides.first.fill("4")
        sides.first.press("Tab")
        page.locator(".zone-fault", has_text=say["one_side"]).wait_for()
        sides.last.fill("2.5")
        sides.last.press("Tab")
        page.locator(".zone-fault").wait_for(state="hidden")
        assert page.locator(".zone-list li.chosen input").first.input_value() == "10"
        page.locator(".ground-scale line").nth(4).wait_for(state="attached")
        page.locator(".zone-canvas .corner").first.focus()
        page.keyboard.press("ArrowRight")
        button(page, say["try"])
        page.locator(".verdicts b", has_text=say["bag"]).first.wait_for()
        page.locator(".zone-canvas .box-problem").first.wait_for(state="attached")
        page.locator(".trial-stored img").wait_for()
        button(page, say["save"])
        page.locator(".saved-note", has_text=say["saved"]).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width

        page.reload()
        page.locator(".zone-list input").nth(5).wait_for()
        assert zones.count() == before + 1
        assert page.locator(".zone-list li").last.locator("input").last.input_value() == "2.5"
        page.get_by_role("button", name=say["restore"], exact=True).last.click()
        page.locator(".version-row").nth(2).wait_for()
        page.locator(".zone-list input").nth(3).wait_for(state="detached")
        assert zones.count() == before
        assert watched.troubles == []


@pytest.mark.parametrize(("width", "language"), [(1440, "zh_CN"), (390, "en")])
def test_a_dispatcher_rejects_a_detection_and_takes_it_back(
    browser: "Browser", preview: Preview, width: int, language: str
) -> None:
    say = WORDS[language]
    with browsing(browser, preview, width=width) as watched:
        page = open_in(watched, language, "/reviews")
        cards = page.locator(".review")
        cards.first.wait_for()
        waiting = cards.count()
        page.locator("#open-reviews", has_text=str(waiting)).wait_for()

        cards.first.get_by_role("button", name=say["reject"]).click()
        page.locator(".answered", has_text=say["reject"]).wait_for()
        page.keyboard.press("j")
        page.locator(".review.is-at").wait_for()
        page.keyboard.press("c")
        page.locator(".answered").nth(1).wait_for()
        assert cards.count() == waiting - 2
        page.keyboard.press("u")
        page.locator(".answered").nth(1).wait_for(state="detached")
        page.locator(".answered button").click()
        page.locator(".answered").wait_for(state="detached")
        page.locator("#open-reviews", has_text=str(waiting)).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert watched.troubles == []


def test_a_tidy_places_clean_picture_is_renewed_on_a_persons_word_and_the_page_goes_on(
    browser: "Browser", preview: Preview
) -> None:
    say = WORDS["en"]
    with browsing(browser, preview, width=390) as watched:
        page = open_in(watched, "en", "/cameras/cam-007/calibration")
        button(page, say["renew"])
        page.locator(".renewal .form-error", has_text="First confirm").wait_for()
        page.get_by_text(say["clean"]).click()
        button(page, say["renew"])
        page.locator(".renewal .form-error", has_text="no clean picture yet").wait_for()

        button(page, say["look"])
        page.locator(".trial-numbers button", has_text="1").first.wait_for()
        page.get_by_text(say["nobody"]).click()
        button(page, say["take"])
        page.locator(".reference-row img").wait_for()
        button(page, say["save"])
        page.locator(".saved-note", has_text=say["saved"]).wait_for()

        page.get_by_text(say["clean"]).click()
        button(page, say["renew"])
        page.locator(".renewal .saved-note", has_text="renewed as version 3").wait_for()
        page.locator(".version-row", has_text="clean picture renewed").wait_for()
        button(page, say["save"])
        page.locator(".saved-note", has_text="Version 4").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert watched.troubles == []
