"""Every dashboard as a page, with what the real servers answered."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from domain.registry import RegistrySnapshot
from tests.dashboards.asked import Asked, marks_asked_for
from tests.dashboards.drawing import page
from texts.catalogue import Locale

_NOTES = {
    Locale.ZH_CN: "示意图：布局、颜色、单位和数据都是真的，图形不是 Grafana 画的",
    Locale.EN: "A drawing: grid, colours, units and data are real, the charts are not Grafana's",
}


def pages(asked: Sequence[Asked], registry: RegistrySnapshot, locale: Locale) -> dict[Path, str]:
    """Return the pages by language and dashboard."""
    return {
        _name(one, locale): page(
            one.dashboard, one.answers, registry, locale, _NOTES[locale], _marks(one)
        )
        for one in asked
    }


def _name(one: Asked, locale: Locale) -> Path:
    uid = str(one.dashboard["uid"]).removeprefix("huanwei-")
    return Path(locale.language_tag) / uid.removesuffix(f"-{locale.language_tag.lower()}")


def _marks(one: Asked) -> list[tuple[datetime, str]]:
    events = marks_asked_for(one.dashboard)
    return [
        (at, str(event["iconColor"]))
        for event, frames in zip(events, one.marks, strict=True)
        for frame in frames
        for at in frame.of_kind("time")[0].values
    ]
