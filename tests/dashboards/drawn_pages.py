"""Every dashboard as a page, with what the real servers answer."""

from pathlib import Path

from tests.dashboards.drawing import page
from tests.dashboards.filled import FilledDistrict
from tests.dashboards.looking import committed, looked_at
from texts.catalogue import Locale

_NOTES = {
    Locale.ZH_CN: "示意图：布局、颜色、单位和数据都是真的，图形不是 Grafana 画的",
    Locale.EN: "A drawing: grid, colours, units and data are real, the charts are not Grafana's",
}


def pages(filled: FilledDistrict) -> dict[Path, str]:
    """Return the pages by language and dashboard."""
    drawn = {}
    for locale in Locale:
        for dashboard in committed(locale.language_tag):
            view = looked_at(
                dashboard, filled.sources, filled.until, preferred={"place": filled.busy_place}
            )
            answers = {
                panel["id"]: [
                    frame
                    for target in panel["targets"]
                    for frame in filled.sources.ask(target, view)
                ]
                for panel in dashboard["panels"]
            }
            marks = [
                (at, str(events["iconColor"]))
                for events in dashboard["annotations"].get("list", ())
                for frame in filled.sources.ask(events["target"], view)
                for at in frame.of_kind("time")[0].values
            ]
            name = str(dashboard["uid"]).removeprefix("huanwei-")
            name = name.removesuffix(f"-{locale.language_tag.lower()}")
            drawn[Path(locale.language_tag) / name] = page(
                dashboard, answers, filled.registry, locale, _NOTES[locale], marks
            )
    return drawn
