"""Values as a panel shows them: unit, mapping, colour."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.palette import Colour

SHANGHAI = ZoneInfo("Asia/Shanghai")
_FACTORS = {"percentunit": (100, " %"), "percent": (1, " %"), "volt": (1, " V"), "dBm": (1, " dBm")}


class FieldLook:
    """The options of one column: the panel's defaults with its override laid over them."""

    def __init__(self, panel: Mapping[str, Any], name: str) -> None:
        defaults = panel["fieldConfig"]["defaults"]
        self.unit: str = defaults.get("unit", "none")
        self.decimals: int | None = defaults.get("decimals")
        self.title = name
        self.mappings: Mapping[str, Any] = _mapping(defaults.get("mappings"))
        self.steps = defaults.get("thresholds", {}).get("steps", [])
        self.hidden = False
        self.cell = "auto"
        self.fixed: str | None = None
        for override in panel["fieldConfig"]["overrides"]:
            if override["matcher"]["options"] == name:
                for entry in override["properties"]:
                    self._take(entry["id"], entry.get("value"))

    def _take(self, option: str, value: Any) -> None:  # noqa: ANN401  as it stands in the JSON
        match option:
            case "unit":
                self.unit = value
            case "decimals":
                self.decimals = value
            case "displayName":
                self.title = value
            case "mappings":
                self.mappings = _mapping(value)
            case "thresholds":
                self.steps = value["steps"]
            case "custom.hidden":
                self.hidden = value
            case "custom.cellOptions":
                self.cell = value["type"]
            case "color":
                self.fixed = value.get("fixedColor")

    def text(self, value: object) -> str:
        """Return the value in words."""
        if value is None:
            return ""
        if str(value) in self.mappings:
            return str(self.mappings[str(value)]["text"])
        if isinstance(value, datetime):
            return value.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return str(value)
        return _number_text(float(value), self.unit, self.decimals)

    def colour(self, value: object) -> str:
        """Return the colour of the value."""
        if self.fixed is not None:
            return self.fixed
        found = self.mappings.get(str(value), {}).get("color")
        if found:
            return str(found)
        if isinstance(value, (int, float)):
            for step in reversed(self.steps):
                if step["value"] is None or value >= step["value"]:
                    return str(step["color"])
        return str(Colour.MEASURED)


def _mapping(mappings: list[dict[str, Any]] | None) -> Mapping[str, Any]:
    return mappings[0]["options"] if mappings else {}


def _number_text(value: float, unit: str, decimals: int | None) -> str:
    if unit in {"dthms", "dtdhms"}:
        sign, seconds = "-" if value < 0 else "", int(abs(value))
        return f"{sign}{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if unit == "s":
        for size, letter in ((86_400, " d"), (3600, " h"), (60, " min")):
            if abs(value) >= size:
                return f"{value / size:.1f}{letter}"
        return f"{value:.0f} s"
    if unit == "bytes":
        return f"{value / 1024**3:.1f} GiB" if value >= 1024**3 else f"{value / 1024**2:.0f} MiB"
    factor, letter = _FACTORS.get(unit, (1, ""))
    places = decimals if decimals is not None else (0 if value == int(value) else 1)
    return f"{value * factor:,.{places}f}{letter}"
