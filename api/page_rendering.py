"""Server-rendered pages: templates, escaped always, with the texts of one reader."""

import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from texts.catalogue import Catalogue, Locale


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset_address
    environment.filters["code_spans"] = code_spans
    return environment


@cache
def asset_address(name: str) -> str:
    """Return the address of a file in ``static/``; it changes when the file does."""
    content = (files("api") / "static" / name).read_bytes()
    return f"/assets/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def code_spans(text: str) -> Markup:
    """Return ``text``, escaped, with what stands between backticks as code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(text.split("`"))
    )


def render(template: str, locale: Locale, catalogue: Catalogue, **values: object) -> str:
    """Return the page. In it, ``say(key, ...)`` looks up a text in the reader's language."""

    def say(key: str, **put_in: object) -> str:
        return catalogue.text(key, locale, **put_in)

    return (
        _environment()
        .get_template(template)
        .render(values, say=say, locale=locale, language_tag=locale.language_tag)
    )
