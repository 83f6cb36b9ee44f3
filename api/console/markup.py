"""HTML from view rows. Everything is escaped by the template engine unless it is our own SVG."""

import json
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from api.console.palette import Mark, svg


def render(template: str, **values: object) -> str:
    """Return the HTML of ``templates/{template}.html``."""
    return _environment().get_template(f"{template}.html").render(**values)


def json_for_script(value: object) -> Markup:
    """Return JSON that can stand inside a ``<script>`` element."""
    text = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704  JSON without "<" cannot leave the script element


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api.console"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["symbol"] = _symbol
    return environment


def _symbol(mark: Mark) -> Markup:
    return Markup(svg(mark))  # noqa: S704  built from our own constants only
