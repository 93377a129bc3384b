"""The few kinds of panels that our dashboards are made of, in one look."""

from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import bargauge, prometheus, timeseries
from grafana_foundation_sdk.builders import dashboard as board
from grafana_foundation_sdk.builders import stat as stat_panel
from grafana_foundation_sdk.builders import table as table_panel
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")

Names = Mapping[str, tuple[str, str]]
"""What a value is shown as: value -> (text, colour)."""


def dashboard(uid: str, title: str, description: str, window: str) -> board.Dashboard:
    """An empty dashboard that shows the last `window`, such as 12h."""
    return (
        board.Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["kpi-streams"])
        .timezone("browser")
        .time(f"now-{window}", "now")
        .refresh("10s")
        .readonly()
    )


def query(expr: str, legend: str) -> prometheus.Dataquery:
    """One series each, over the dashboard's time range."""
    return prometheus.Dataquery().expr(expr).legend_format(legend).range()


def row(title: str) -> board.Row:
    """A heading."""
    return board.Row(title)


def lines(title: str, *queries: prometheus.Dataquery, unit: str = "short", width: int = 12) -> timeseries.Panel:
    """Lines over time."""
    return _with(timeseries.Panel(), title, queries, width, 8).unit(unit).line_width(2).fill_opacity(0)


def stat(
    title: str,
    *queries: prometheus.Dataquery,
    unit: str = "short",
    names: Names | None = None,
    width: int,
    height: int = 5,
) -> stat_panel.Panel:
    """Big numbers; with `names`, series (or values) are shown by these."""
    panel = _with(stat_panel.Panel(), title, [one.instant() for one in queries], width, height).unit(unit)
    panel.color_scheme(board.FieldColor().mode(FieldColorModeId.FIXED).fixed_color("blue"))
    for value, (text, colour) in (names or {}).items():
        panel.override_by_name(value, [DynamicConfigValue("displayName", text), _coloured(colour)])
    return panel.mappings([_mapping(names)]) if names else panel


def bars(title: str, *queries: prometheus.Dataquery, width: int = 12) -> bargauge.Panel:
    """Shares of a target, best or worst seen at a glance; green where it is reached."""
    reached = (
        board.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(None, "blue"), Threshold(1, "green")])
    )
    return (
        _with(bargauge.Panel(), title, [one.instant() for one in queries], width, 9)
        .unit("percentunit")
        .min(0)
        .orientation(options.VizOrientation.HORIZONTAL)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .thresholds(reached)
    )


def table(
    title: str, columns: Mapping[str, str], labelled: tuple[str, str] | None = None, names: Names | None = None
) -> table_panel.Panel:
    """One row a KPI and subject, one column a query; of the query `labelled` only that label becomes a column."""
    letters = [chr(ord("A") + place) for place in range(len(columns))]
    queries = [_snapshot(expr, letter) for letter, expr in zip(letters, columns.values(), strict=True)]
    shown = {f"Value #{letter}": column for letter, column in zip(letters, columns, strict=True)}
    hidden = {"Time": True, "kpi": True}
    if labelled:
        label, expr = labelled
        queries.append(_snapshot(expr, "Z"))
        shown[label] = "Trạng thái / Status"
        hidden["Value #Z"] = True
    panel = _with(table_panel.Panel(), title, queries, 14, 9).transformations(
        [
            DataTransformerConfig("merge", options={}),
            DataTransformerConfig(
                "organize",
                options={"excludeByName": hidden, "renameByName": {"title": "KPI", "subject": "Ai / Who", **shown}},
            ),
        ]
    )
    percent = [DynamicConfigValue("unit", "percentunit")]
    panel.override_by_regexp("Attainment", percent)
    return panel.mappings([_mapping(names)]) if names else panel


def time_table(title: str, expr: str, width: int = 12, height: int = 8) -> table_panel.Panel:
    """The labels of the series that there are now."""
    hide = DataTransformerConfig(
        "organize", options={"excludeByName": {"Time": True, "Value": True, "__name__": True, "job": True, "kpi": True}}
    )
    return _with(table_panel.Panel(), title, [_snapshot(expr, "A")], width, height).transformations([hide])


def _snapshot(expr: str, letter: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expr).ref_id(letter).instant().format(PromQueryFormat.TABLE)


def _with(panel: Any, title: str, queries: Any, width: int, height: int) -> Any:
    panel.title(title).datasource(DATASOURCE).span(width).height(height)
    for place, one in enumerate(queries):
        # Two queries without a letter of their own are one to Grafana.
        panel.with_target(one if one.build().ref_id else one.ref_id(chr(ord("A") + place)))
    return panel


def _mapping(names: Names) -> ValueMap:
    results = {value: ValueMappingResult(text=text, color=colour) for value, (text, colour) in names.items()}
    return ValueMap(options=results)


def _coloured(colour: str) -> DynamicConfigValue:
    return DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})
