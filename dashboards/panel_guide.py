"""What each panel means and what to do, as pages of the manual (``make dashboards``).

The words are those that Grafana shows behind a panel's "i".
"""

import sys
from pathlib import Path

from dashboards.all import DASHBOARDS
from dashboards.wording import Wording
from texts.catalogue import Locale, load_catalogues

DOCS = Path(__file__).parents[1] / "docs"
FILES = {Locale.EN: "panels.md", Locale.ZH_CN: "panels.zh-CN.md"}

_HEADS = {
    Locale.EN: (
        "# What each panel means",
        (
            "Green is in order, amber near a limit, red wants somebody to go, dark red should have"
            " been done already; grey: nothing trustworthy is known. Blue measures and judges"
            " nothing. The same words are behind the small *i* of each panel."
        ),
        "| panel | what it says, and what to do |",
        "Where it says there is no data",
    ),
    Locale.ZH_CN: (
        "# 每个面板的含义",
        (
            "绿色正常，黄色接近界限，红色要派人，深红已经超时，灰色是没有可信数据。蓝色只是数值，不评好坏。"
            "面板左上角的小 *i* 里也是这些说明。"
        ),
        "| 面板 | 含义和处理办法 |",
        "没有数据时面板上的话",
    ),
}


def guide(wording: Wording) -> str:
    """Return the page in one language."""
    title, colours, head, nothing = _HEADS[wording.locale]
    parts = [title, colours]
    texts: dict[str, None] = {}
    for defined in DASHBOARDS:
        dashboard = defined(wording)
        key = dashboard.key
        rows = [
            f"| {wording.text(f'{key}.{panel.key}.title')} |"
            f" {wording.text(f'{key}.{panel.key}.about')} |"
            for panel in dashboard.panels
        ]
        texts |= dict.fromkeys(wording.text(f"none.{panel.none}") for panel in dashboard.panels)
        parts += [
            f"## {wording.text(f'{key}.title')}",
            wording.text(f"{key}.about"),
            "\n".join([head, "| --- | --- |", *rows]),
        ]
    parts += [f"## {nothing}", "\n".join(f"- {text}" for text in texts)]
    return "\n\n".join(parts) + "\n"


def pages() -> dict[Path, str]:
    """Return the text of each page by its path."""
    catalogue = load_catalogues()
    return {DOCS / FILES[locale]: guide(Wording(catalogue, locale)) for locale in Locale}


def main() -> None:
    """Write the pages that differ."""
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
