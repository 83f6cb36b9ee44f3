"""What every page has: head, header, the shelf for new cases, and the room for its contents."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

from nicegui import ui
from nicegui.element import Element

from api.console.markup import json_for_script, render
from api.console.palette import ACCENT, css_variables
from api.console.pieces import block
from api.console.session import ROLES
from api.console.view_models.cases import unix_ms
from api.console.visit import Visit
from texts.catalogue import Locale

ASSETS_PATH = "/console-assets"
STYLES = (
    "console.css",
    "district.css",
    "cases.css",
    "places.css",
    "calibration.css",
    "reviews.css",
    "assessment.css",
)
_SCRIPTS = ("console.js", "reviews.js")
_LANGUAGE_NAMES = {Locale.ZH_CN: "中文", Locale.EN: "English"}
_PAGES = (
    ("/", "nav.district"),
    ("/cases", "nav.cases"),
    ("/cases/new", "nav.new_case"),
    ("/devices", "nav.devices"),
    ("/assessment", "nav.assessment"),
)
_REVIEWS = ("/reviews", "nav.reviews")
_COUNTED = ("day", "days", "hour", "hours", "minute", "minutes")
_SPOKEN = (
    "left",
    "over",
    "waiting",
    "ago",
    "paused",
    "speed",
    "connection_live",
    "connection_lost",
    "connection_stale",
    "sound_on",
    "sound_off",
    "sound_blocked",
    "dismiss",
)


def frame(visit: Visit, title: str, *, wide: bool = False) -> Element:
    """Build the frame of a page and return the element that its contents go into."""
    say = visit.words.say
    ui.page_title(f"{title} · {say('brand')}")
    ui.colors(primary=ACCENT)
    ui.add_head_html(_head(visit))
    ui.context.client.content.classes("console-content")
    block(_header(visit), tag="header", classes="console-header")
    block('<div id="new-cases" aria-live="assertive"></div>')
    return ui.element("main").classes("console-main wide" if wide else "console-main")


@cache
def asset_version() -> str:
    """Return a short hash of the assets, so that a browser never keeps old ones."""
    digest = sha256()
    for name in (*STYLES, *_SCRIPTS):
        digest.update((files("api.console") / "assets" / name).read_bytes())
    return digest.hexdigest()[:12]


def _head(visit: Visit) -> str:
    pulse = visit.console.feed.pulse()
    settings = {
        "language": visit.words.locale.language_tag,
        "business_ms": unix_ms(pulse.at),
        "speed": pulse.speed,
        # No catalogue holds it: Chinese writes "2小时5分钟" without a space.
        "joint": "" if visit.words.locale is Locale.ZH_CN else " ",
        "words": _browser_words(visit),
    }
    return (
        f"<style>{css_variables()}</style>"
        + "".join(
            f'<link rel="stylesheet" href="{ASSETS_PATH}/{name}?{asset_version()}">'
            for name in STYLES
        )
        + '<script id="console-settings" type="application/json">'
        f"{json_for_script(settings)}</script>"
        + "".join(
            f'<script defer src="{ASSETS_PATH}/{name}?{asset_version()}"></script>'
            for name in _SCRIPTS
        )
    )


def _browser_words(visit: Visit) -> dict[str, str]:
    catalogue, locale = visit.words.catalogue, visit.words.locale
    return {
        **{name: catalogue.pattern(f"console.unit.{name}", locale) for name in _COUNTED},
        **{name: catalogue.pattern(f"console.browser.{name}", locale) for name in _SPOKEN},
    }


def _header(visit: Visit) -> str:
    words = visit.words
    reviewed = visit.console.parts.reviews is not None
    pages = (*_PAGES, _REVIEWS) if reviewed else _PAGES
    return render(
        "header",
        say=words.say,
        brand=words.say("brand"),
        items=[
            {
                "href": href,
                "label": words.say(key),
                "current": href == visit.path,
                "counts": href == _REVIEWS[0],
            }
            for href, key in pages
        ],
        waiting=visit.console.feed.open_reviews,
        back=visit.address,
        roles=[(str(role), words.word(role)) for role in ROLES],
        role=str(visit.role),
        languages=[(str(locale), name) for locale, name in _LANGUAGE_NAMES.items()],
        language=str(words.locale),
    )
