"""What each kind of panel needs of the frames it is given."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.dashboards.frames import Column, Frame

Panel = Mapping[str, Any]


def check_shape(panel: Panel, frames: Sequence[Frame]) -> None:
    """Fail with words when a panel could not draw these frames."""
    check = _CHECKS[panel["type"]]
    assert any(len(frame) for frame in frames), "the answer is empty"
    check(panel, [frame for frame in frames if len(frame)])
    _check_overrides(panel, frames)
    _check_mappings(panel, frames)


def _stat(_panel: Panel, frames: Sequence[Frame]) -> None:
    assert len(frames) == 1, "one number comes from one frame"
    numbers = frames[0].of_kind("number")
    assert len(numbers) == 1, "exactly one column of numbers"
    assert numbers[0].values[-1] is not None


def _timeseries(_panel: Panel, frames: Sequence[Frame]) -> None:
    for frame in frames:
        (time,) = frame.of_kind("time")
        assert frame.of_kind("number"), "a curve needs numbers"
        assert time.values == sorted(time.values), "in the order of time"
    _check_names_apart(frames)


def _timeline(_panel: Panel, frames: Sequence[Frame]) -> None:
    for frame in frames:
        (time,) = frame.of_kind("time")
        states = frame.of_kind("string")
        assert len(states) == 1, "one column of states"
        assert time.values == sorted(time.values), "in the order of time"
    _check_names_apart(frames)


def _check_names_apart(frames: Sequence[Frame]) -> None:
    names = [
        (column.name, tuple(sorted(column.labels.items())))
        for frame in frames
        for column in frame.columns
        if column.kind != "time"
    ]
    assert len(set(names)) == len(names), "two series of the same name and labels"


def _table(panel: Panel, frames: Sequence[Frame]) -> None:
    assert len(frames) == 1, "a table shows one frame"
    for column in _columns_with_cell(panel, frames[0], "image"):
        shown = [value for value in column.values if value is not None]
        assert shown, f"no picture in {column.name}"
        assert all(value.startswith("/pictures/") for value in shown)


def _barchart(panel: Panel, frames: Sequence[Frame]) -> None:
    (frame,) = frames
    category = frame.column(panel["options"]["xField"])
    assert category is not None, "the categories are there"
    assert category.kind in {"string", "time"}
    assert frame.of_kind("number"), "bars need heights"


def _geomap(panel: Panel, frames: Sequence[Frame]) -> None:
    (frame,) = frames
    for name, low, high in (("latitude", -90, 90), ("longitude", -180, 180)):
        column = frame.column(name)
        assert column is not None
        assert column.kind == "number"
        assert all(low <= value <= high for value in column.values)
    style = panel["options"]["layers"][0]["config"]["style"]
    size = frame.column(style["size"]["field"])
    assert size is not None
    assert size.kind == "number"
    assert frame.column(style["color"]["field"]) is not None


def _columns_with_cell(panel: Panel, frame: Frame, cell: str) -> list[Column]:
    found = []
    for override in panel["fieldConfig"]["overrides"]:
        values = {entry["id"]: entry.get("value") for entry in override["properties"]}
        if (values.get("custom.cellOptions") or {}).get("type") == cell:
            column = frame.column(override["matcher"]["options"])
            assert column is not None
            found.append(column)
    return found


def _check_overrides(panel: Panel, frames: Sequence[Frame]) -> None:
    there = {column.name for frame in frames for column in frame.columns}
    wanted = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
    assert wanted <= there, f"the data has no {sorted(wanted - there)}"


def _check_mappings(panel: Panel, frames: Sequence[Frame]) -> None:
    """Every state that the data has is called something."""
    for column, options in _mapped_columns(panel, frames):
        unknown = {v for v in column.values if v is not None} - set(options)
        assert not unknown, f"{column.name} has values without a name: {sorted(unknown)}"


def _mapped_columns(
    panel: Panel, frames: Sequence[Frame]
) -> list[tuple[Column, Mapping[str, object]]]:
    overridden = {
        override["matcher"]["options"]: entry["value"][0]["options"]
        for override in panel["fieldConfig"]["overrides"]
        for entry in override["properties"]
        if entry["id"] == "mappings"
    }
    defaults = panel["fieldConfig"]["defaults"].get("mappings") or []
    found = []
    for frame in frames:
        for column in frame.of_kind("string"):
            if column.name in overridden:
                found.append((column, overridden[column.name]))
            elif defaults and panel["type"] == "state-timeline":
                found.append((column, defaults[0]["options"]))
    return found


_CHECKS: Mapping[str, Callable[[Panel, Sequence[Frame]], None]] = {
    "stat": _stat,
    "timeseries": _timeseries,
    "state-timeline": _timeline,
    "table": _table,
    "barchart": _barchart,
    "geomap": _geomap,
}
