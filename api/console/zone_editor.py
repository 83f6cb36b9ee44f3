"""The editor of a camera's zones over its picture: a component of our own, in SVG."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from api.console.view_models.calibration import EditorZone
from api.console.view_models.ground_scale import GroundScale
from api.console.words import Words
from domain.devices import ZoneKind

_ZONES = Path(__file__).parent / "assets" / "zones"
_SPOKEN = (
    "bin",
    "ground",
    "ignore",
    "undo",
    "redo",
    "delete",
    "delete_corner",
    "zoom_in",
    "zoom_out",
    "finish",
    "cancel",
    "area",
    "sides",
    "side",
    "sides_hint",
    "sides_need_four",
    "scale_grid",
    "scale_square",
    "container",
    "no_container",
    "rim",
    "corner",
    "no_picture",
    "hint_draw",
    "hint_edit",
    "picture",
)


class ZoneEditor(Element, component="assets/zone_editor.js", esm={"huanwei-zones": str(_ZONES)}):
    """Shows a picture and lets a technician draw on it, by mouse, finger or keyboard.

    ``on_change`` is told the zones as the browser has them, unchecked.
    """

    def __init__(
        self,
        *,
        zones: Sequence[EditorZone],
        containers: Sequence[str],
        words: Words,
        on_change: Callable[[Any], None],
    ) -> None:
        super().__init__()
        # Some hold a placeholder that the browser fills.
        spoken = {
            name: words.catalogue.pattern(f"console.editor.{name}", words.locale)
            for name in _SPOKEN
        }
        self._props["words"] = spoken
        self._props["kinds"] = [str(kind) for kind in ZoneKind]
        self._props["containers"] = list(containers)
        self._props["picture"] = ""
        self._props["boxes"] = []
        self._props["states"] = {}
        self._props["scales"] = []
        self.load(zones)

        def tell(event: GenericEventArguments) -> None:
            on_change(event.args)

        self.on("change", tell)

    def load(self, zones: Sequence[EditorZone]) -> None:
        """Put these zones in the place of what is drawn; they cannot be undone away."""
        self._props["zones"] = [zone.as_json() for zone in zones]
        self._props["loaded"] = int(self._props.get("loaded", 0)) + 1

    def choose(self, zone_id: str) -> None:
        """Mark a zone as the one to be worked on."""
        self.run_method("choose", zone_id)

    def show_scales(self, scales: Sequence[GroundScale]) -> None:
        """Show how large a metre is on each ground."""
        self._props["scales"] = [scale.as_json() for scale in scales]

    def show_picture(self, data_url: str) -> None:
        """Show this picture behind the zones."""
        self._props["picture"] = data_url

    def show_marks(self, boxes: Sequence[dict[str, object]], states: dict[str, str]) -> None:
        """Show what the judge says: boxes, and each zone's mark by zone id."""
        self._props["boxes"] = list(boxes)
        self._props["states"] = states
