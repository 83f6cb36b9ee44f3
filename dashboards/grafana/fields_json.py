"""Looks and columns as field options and overrides."""

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from dashboards.definition import Cell, Field, Look, Meaning, Step
from dashboards.wording import Wording

Property = model.DynamicConfigValue


def thresholds(steps: tuple[Step, ...]) -> build.ThresholdsConfig:
    """Return the colours by value."""
    return (
        build.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=step.at, color=step.colour) for step in steps])
    )


def mappings(meanings: tuple[Meaning, ...]) -> list[model.ValueMapping]:
    """Return what values are called and coloured."""
    if not meanings:
        return []
    results = {
        meaning.value: model.ValueMappingResult(
            text=meaning.text, color=meaning.colour, index=index
        )
        for index, meaning in enumerate(meanings)
    }
    return [model.ValueMap(options=results)]


HIDDEN_IN_A_TABLE = (
    # Grafana 12.2 renamed it; a name that a version does not know does nothing.
    Property(id_val="custom.hidden", value=True),
    Property(id_val="custom.hideFrom.viz", value=True),
)
HIDDEN_ON_A_MAP = (
    Property(id_val="custom.hideFrom", value={"legend": False, "tooltip": True, "viz": False}),
)
"""Out of the tooltip only: the marker still needs it."""


def by_name(
    fields: tuple[Field, ...],
    wording: Wording,
    *,
    hidden: tuple[Property, ...] = HIDDEN_IN_A_TABLE,
) -> list[tuple[str, list[Property]]]:
    """Return the overrides of columns, by their names in the data."""
    return [
        (field.name, list(hidden) if field.hidden else _properties(field, wording))
        for field in fields
    ]


def _properties(field: Field, wording: Wording) -> list[Property]:
    title = wording.text(f"column.{field.title or field.name}")
    properties = [Property(id_val="displayName", value=title)]
    if field.look is not None:
        properties += _look_properties(field.look)
    if field.colour is not None:
        fixed = {"mode": "fixed", "fixedColor": field.colour}
        properties.append(Property(id_val="color", value=fixed))
    if field.cell is not Cell.TEXT:
        properties.append(Property(id_val="custom.cellOptions", value=_cell(field)))
    if field.width is not None:
        properties.append(Property(id_val="custom.width", value=field.width))
    if field.link is not None:
        link = {"title": title, "url": field.link, "targetBlank": not field.link.startswith("/d/")}
        properties.append(Property(id_val="links", value=[link]))
    return properties


def _cell(field: Field) -> dict[str, object]:
    cell: dict[str, object] = {"type": field.cell}
    if field.cell is Cell.COLOURED:
        cell["mode"] = "basic"
    return cell


def _look_properties(look: Look) -> list[Property]:
    wanted: list[tuple[str, object]] = [
        ("unit", look.unit),
        ("decimals", look.decimals),
        ("min", look.lowest),
        ("max", look.highest),
        ("mappings", mappings(look.meanings) or None),
        ("thresholds", thresholds(look.steps).build() if look.steps else None),
    ]
    if look.steps:
        wanted.append(("color", {"mode": "thresholds"}))
    return [Property(id_val=name, value=value) for name, value in wanted if value is not None]
