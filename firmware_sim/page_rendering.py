"""Templates and assets of the simulator's pages, and the language they are read in."""

import hashlib
from functools import cache
from importlib.resources import files

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from texts.catalogue import Catalogue, Locale
from texts.preference import locale_named

ASSETS = {"simulator.css": "text/css", "simulator.js": "text/javascript"}
_LANGUAGE_COOKIE = "simulator_language"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("firmware_sim", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = _asset_address
    return environment


def asset(name: str) -> bytes:
    """Return a file of ``pages/``; only names in ``ASSETS`` are asked for."""
    return (files("firmware_sim") / "pages" / name).read_bytes()


@cache
def _asset_address(name: str) -> str:
    return f"/assets/{name}?v={hashlib.sha256(asset(name)).hexdigest()[:12]}"


def render(template: str, locale: Locale, catalogue: Catalogue, **values: object) -> str:
    """Return the page; in it ``say(key, ...)`` is a text in the reader's language."""

    def say(key: str, **put_in: object) -> str:
        return catalogue.text(key, locale, **put_in)

    return (
        _environment()
        .get_template(template)
        .render(values, say=say, language_tag=locale.language_tag)
    )


def locale_of(request: Request) -> Locale:
    """Return the language asked for by ``?lang=``, else by the cookie, else zh-CN."""
    return (
        locale_named(request.query_params.get("lang"))
        or locale_named(request.cookies.get(_LANGUAGE_COOKIE))
        or Locale.ZH_CN
    )


def remember_locale(request: Request, response: Response) -> None:
    """Keep a language chosen by ``?lang=`` for the next pages."""
    chosen = locale_named(request.query_params.get("lang"))
    if chosen is not None:
        response.set_cookie(_LANGUAGE_COOKIE, chosen.value, samesite="lax", httponly=True)
