"""What deploy/ holds for Prometheus, Alertmanager and Grafana: checked by their own tools and against our metrics."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.grafana.generate import DASHBOARDS, FOLDER, rendered
from streams.metrics.definitions import METRICS
from tests import needs

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = YAML(typ="safe").load((DEPLOY / "prometheus" / "rules.yml").read_text())["groups"]
RECORDED = {rule["record"] for group in RULES for rule in group["rules"] if "record" in rule}
KNOWN = {name for metric in METRICS for name in metric.series} | RECORDED | {"up"}
PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}
"""Of prometheus_client itself."""


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    needs.program(command[0], package="prometheus-alertmanager" if command[0] == "amtool" else "prometheus")
    return subprocess.run(command, cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False)


@pytest.mark.prometheus
@pytest.mark.parametrize(
    "command",
    [
        ("promtool", "check", "config", "prometheus.yml"),
        ("promtool", "check", "rules", "--lint-fatal", "rules.yml"),
        ("promtool", "test", "rules", "rules_test.yml"),
        ("amtool", "check-config", "../alertmanager/alertmanager.yml"),
    ],
    ids=" ".join,
)
def test_its_own_tool_accepts_the_file(command: tuple[str, ...]) -> None:
    checked = tool(*command)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_on_the_pipeline_has_a_test_and_a_sentence_in_both_languages() -> None:
    tested = (DEPLOY / "prometheus" / "rules_test.yml").read_text()

    for rule in (rule for group in RULES for rule in group["rules"] if "alert" in rule):
        assert f"alertname: {rule['alert']}\n" in tested
        assert rule["annotations"].keys() >= {"summary", "summary_vi"}


def names_in(expr: str) -> set[str]:
    """Metric names of a PromQL expression: what is left without strings, label lists, functions and keywords."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    words = re.findall(r"\b[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()", bare)
    return set(words) - {"and", "or", "unless", "offset"}


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["expr"] for one in dashboard.get("annotations", {}).get("list", ()) if "expr" in one)
    for variable in dashboard.get("templating", {}).get("list", ()):
        yield variable["query"]["query"].removeprefix("label_values(").rpartition(",")[0]


def test_names_are_found_in_an_expression() -> None:
    expr = 'sum by (stage, le) (rate(a_bucket{b="c"}[5m])) / on (kpi) group_left (title) x:y:z and up offset 5m > 1e3'

    assert names_in(expr) == {"a_bucket", "x:y:z", "up"}


def test_rules_ask_only_for_metrics_that_exist() -> None:
    asked = set().union(*(names_in(rule["expr"]) for group in RULES for rule in group["rules"]))

    assert asked
    assert asked <= KNOWN


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboards_ask_only_for_metrics_that_exist(name: str) -> None:
    asked = set().union(*map(names_in, expressions(json.loads((FOLDER / name).read_text()))))

    assert asked
    assert asked <= KNOWN | PROCESS


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_committed_dashboard_is_what_the_code_writes(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == rendered(name), "run python -m deploy.grafana.generate"


def test_every_metric_of_a_kpi_and_of_the_road_is_on_a_dashboard_or_in_a_rule() -> None:
    shown = set().union(
        *(names_in(rule["expr"]) for group in RULES for rule in group["rules"]),
        *(names_in(expr) for name in DASHBOARDS for expr in expressions(json.loads((FOLDER / name).read_text()))),
    )

    assert {metric.name for metric in METRICS if not shown & set(metric.series)} <= {
        "kpi_n",
        "kpi_series_n",
        "kpi_worker_live",
    }


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_lie_side_by_side_in_the_grid(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads((FOLDER / name).read_text())["panels"]:
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_what_grafana_is_provisioned_with_fits_the_dashboards() -> None:
    sources = YAML(typ="safe").load((DEPLOY / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    compose = YAML(typ="safe").load((DEPLOY / "compose/compose.yaml").read_text())

    [source] = sources["datasources"]
    asked = {panel["datasource"]["uid"] for name in DASHBOARDS for panel in panels_with_data(name)}
    assert asked == {source["uid"]}
    for service in ("prometheus", "alertmanager", "grafana"):
        mounted = [one.split(":")[0] for one in compose["services"][service]["volumes"] if one.startswith(".")]
        assert mounted
        assert all((DEPLOY / "compose" / path).is_dir() for path in mounted)


def panels_with_data(name: str) -> list[dict[str, Any]]:
    return [panel for panel in json.loads((FOLDER / name).read_text())["panels"] if panel.get("targets")]
