"""Each kind of panel by Grafana's own builder."""

from typing import Any

from grafana_foundation_sdk.builders import (
    barchart,
    common,
    geomap,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as style
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.geomap import TooltipMode

from dashboards.definition import (
    BarsPanel,
    Box,
    CurvePanel,
    Field,
    FluxQuery,
    Look,
    MapPanel,
    NumberPanel,
    Panel,
    TablePanel,
    TimelinePanel,
)
from dashboards.grafana.fields_json import HIDDEN_ON_A_MAP, by_name, mappings, thresholds
from dashboards.grafana.queries_json import TargetBuilder, reference, source_of
from dashboards.palette import Colour
from dashboards.wording import Wording

OUTLINE_URL = "/maps/district.geojson"
"""The district's outline, served by our API behind Grafana's host: the map needs no tiles."""

_Builder = (
    stat.Panel
    | timeseries.Panel
    | statetimeline.Panel
    | table.Panel
    | barchart.Panel
    | geomap.Panel
)


def panel_json(panel: Panel, *, number: int, dashboard_key: str, wording: Wording) -> _Builder:
    """Return the builder of one panel; ``number`` is its id within the dashboard."""
    builder = _of_its_kind(panel, wording)
    text = f"{dashboard_key}.{panel.key}"
    builder.id(number).title(wording.text(f"{text}.title"))
    builder.description(wording.text(f"{text}.about")).grid_pos(_grid(panel.box))
    builder.datasource(reference(source_of(panel.queries[0])))
    builder.targets([TargetBuilder(query) for query in panel.queries])
    builder.no_value(wording.text(f"none.{panel.none}"))
    _add_look(builder, panel.look)
    if panel.link is not None:
        link = build.DashboardLink(wording.text("open")).url(panel.link)
        builder.links([link.type(model.DashboardLinkType.LINK)])
    return builder


def _of_its_kind(panel: Panel, wording: Wording) -> _Builder:
    match panel:
        case NumberPanel():
            return _number(panel)
        case CurvePanel():
            return _curve(panel, wording)
        case TimelinePanel():
            return _timeline(panel)
        case TablePanel():
            return _table(panel, wording)
        case BarsPanel():
            return _bars(panel, wording)
        case MapPanel():
            return _map(panel, wording)


def _grid(box: Box) -> model.GridPos:
    return model.GridPos(x=box.x, y=box.y, w=box.w, h=box.h)


def _add_look(builder: _Builder, look: Look) -> None:
    builder.unit(look.unit)
    if look.decimals is not None:
        builder.decimals(look.decimals)
    if look.lowest is not None:
        builder.min(look.lowest)
    if look.highest is not None:
        builder.max(look.highest)
    if look.meanings:
        builder.mappings(mappings(look.meanings))
    if look.steps:
        builder.thresholds(thresholds(look.steps))
        builder.color_scheme(build.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))


def _add_fields(builder: _Builder, fields: tuple[Field, ...], wording: Wording) -> None:
    for name, properties in by_name(fields, wording):
        builder.override_by_name(name, properties)


def _number(panel: NumberPanel) -> stat.Panel:
    graph = style.BigValueGraphMode.AREA if panel.sparkline else style.BigValueGraphMode.NONE
    colour = style.BigValueColorMode.VALUE
    if panel.background:
        colour = style.BigValueColorMode.BACKGROUND_SOLID
    return (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False))
        .graph_mode(graph)
        .color_mode(colour)
        .text_mode(style.BigValueTextMode.VALUE)
        .justify_mode(style.BigValueJustifyMode.AUTO)
        .orientation(style.VizOrientation.AUTO)
    )


def _curve(panel: CurvePanel, wording: Wording) -> timeseries.Panel:
    draw = style.GraphDrawStyle.BARS if panel.bars else style.GraphDrawStyle.LINE
    legend = common.VizLegendOptions().show_legend(show_legend=panel.legend)
    legend.display_mode(style.LegendDisplayMode.LIST).placement(style.LegendPlacement.BOTTOM)
    builder = (
        timeseries.Panel()
        .draw_style(draw)
        .line_width(2)
        .fill_opacity(60 if panel.bars else 8)
        .show_points(style.VisibilityMode.NEVER)
        .span_nulls(span_nulls=False)
        .line_interpolation(style.LineInterpolation.LINEAR)
        .legend(legend)
        .tooltip(common.VizTooltipOptions().mode(style.TooltipDisplayMode.MULTI))
    )
    if panel.stacked:
        builder.stacking(common.StackingConfig().mode(style.StackingMode.NORMAL).group("A"))
    if panel.limits_drawn:
        lines = common.GraphThresholdsStyleConfig().mode(style.GraphThresholdsStyleMode.DASHED)
        builder.thresholds_style(lines)
    if panel.label is not None:
        builder.display_name(panel.label)
    _add_fields(builder, panel.fields, wording)
    return builder


def _timeline(panel: TimelinePanel) -> statetimeline.Panel:
    builder = (
        statetimeline.Panel()
        .show_value(style.VisibilityMode.AUTO)
        .row_height(0.85)
        .merge_values(merge_values=True)
        .align_value(style.TimelineValueAlignment.LEFT)
        .fill_opacity(90)
        .line_width(0)
        .legend(common.VizLegendOptions().show_legend(show_legend=False))
    )
    if panel.label is not None:
        builder.display_name(panel.label)
    return builder


def _table(panel: TablePanel, wording: Wording) -> table.Panel:
    height = style.TableCellHeight.LG if panel.tall else style.TableCellHeight.SM
    builder = table.Panel().cell_height(height).show_header(show_header=True)
    if isinstance(panel.queries[0], FluxQuery):
        # Flux gives columns in the order of the alphabet, SQL in its own.
        order = {field.name: place for place, field in enumerate(panel.fields)}
        options = {"indexByName": order, "excludeByName": {}, "renameByName": {}}
        builder.with_transformation(model.DataTransformerConfig(id_val="organize", options=options))
    _add_fields(builder, panel.fields, wording)
    return builder


def _bars(panel: BarsPanel, wording: Wording) -> barchart.Panel:
    orientation = style.VizOrientation.HORIZONTAL
    if not panel.horizontal:
        orientation = style.VizOrientation.VERTICAL
    legend = common.VizLegendOptions().show_legend(show_legend=len(panel.fields) > 1)
    legend.display_mode(style.LegendDisplayMode.LIST).placement(style.LegendPlacement.BOTTOM)
    builder = (
        barchart.Panel()
        .x_field(panel.category)
        .orientation(orientation)
        .stacking(style.StackingMode.NORMAL if panel.stacked else style.StackingMode.NONE)
        .show_value(style.VisibilityMode.AUTO)
        .bar_width(0.8)
        .group_width(0.7)
        .fill_opacity(85)
        .line_width(0)
        .legend(legend)
        .tooltip(common.VizTooltipOptions().mode(style.TooltipDisplayMode.MULTI))
    )
    _add_fields(builder, panel.fields, wording)
    return builder


def _map(panel: MapPanel, wording: Wording) -> geomap.Panel:
    builder = (
        geomap.Panel()
        .view(geomap.MapViewConfig().id("fit").all_layers(all_layers=True).padding(10))
        .controls(
            geomap.ControlsOptions()
            .show_zoom(show_zoom=True)
            .mouse_wheel_zoom(mouse_wheel_zoom=False)
            .show_scale(show_scale=True)
            .show_attribution(show_attribution=False)
        )
        .basemap(_layer(type_val="geojson", name="district", config=_outline()))
        .layers([_markers(panel)])
        .tooltip(geomap.TooltipOptions().mode(TooltipMode.DETAILS))
    )
    for name, properties in by_name(panel.fields, wording, hidden=HIDDEN_ON_A_MAP):
        builder.override_by_name(name, properties)
    return builder


def _outline() -> dict[str, object]:
    """A base layer without tiles: the outline on Grafana's own background."""
    look = {"color": {"fixed": Colour.UNKNOWN}, "opacity": 0.15, "lineWidth": 1}
    return {"src": OUTLINE_URL, "style": look, "rules": []}


def _markers(panel: MapPanel) -> common.MapLayerOptions:
    look: dict[str, Any] = {
        "color": {"field": panel.colour_by, "fixed": Colour.UNKNOWN},
        "opacity": 0.85,
        "size": {
            "field": panel.size_by,
            "fixed": panel.smallest,
            "min": panel.smallest,
            "max": panel.largest,
        },
        "symbol": {"fixed": "img/icons/marker/circle.svg", "mode": "fixed"},
        "symbolAlign": {"horizontal": "center", "vertical": "center"},
    }
    layer = _layer(type_val="markers", name="places", config={"showLegend": False, "style": look})
    place = common.FrameGeometrySource().mode(style.FrameGeometrySourceMode.COORDS)
    return layer.location(place.latitude("latitude").longitude("longitude")).tooltip(tooltip=True)


def _layer(*, type_val: str, name: str, config: dict[str, Any]) -> common.MapLayerOptions:
    return common.MapLayerOptions().type(type_val).name(name).config(config)
