"""The example rules and the system dashboard name only figures that our processes tell."""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from alerts.metrics import AlertMetrics
from dashboards.system import BACKLOGS, ERRORS, LAG, RATES
from ingest.influx.metrics import InfluxMetrics
from ingest.influx.process_lines import PREFIX
from ingest.metrics import IngestMetrics

FOLDER = Path(__file__).parents[3] / "deploy" / "prometheus"
MANUALS = Path(__file__).parents[3] / "docs"


def figures() -> dict[str, set[str]]:
    """Return every figure with the names of its labels."""
    registry = CollectorRegistry()
    IngestMetrics(registry)
    InfluxMetrics(registry)
    AlertMetrics(registry)
    return {
        metric.name + ("_total" if metric.type == "counter" else ""): set(
            getattr(collector, "_labelnames", ())
        )
        for collector in registry._collector_to_names
        for metric in collector.describe()  # type: ignore[attr-defined]
    }


def rules() -> list[dict[str, object]]:
    groups = yaml.safe_load((FOLDER / "alert-rules.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_rule_says_when_how_bad_and_what() -> None:
    assert len(rules()) >= 8
    for rule in rules():
        assert {"alert", "expr", "labels", "annotations"} <= set(rule)
        assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})


def test_rules_ask_only_for_figures_and_labels_that_there_are() -> None:
    there = figures()
    asked = {name for rule in rules() for name in re.findall(r"huanwei_\w+", str(rule["expr"]))}
    assert asked
    assert asked <= set(there)
    for rule in rules():
        for name, labels in re.findall(r"(huanwei_\w+)\{([^}]*)\}", str(rule["expr"])):
            assert set(re.findall(r"(\w+)[!=]", labels)) <= there[name]


def test_the_system_dashboard_asks_only_for_figures_that_there_are() -> None:
    asked = {*RATES, *BACKLOGS, *ERRORS, LAG}

    assert {f"{PREFIX}{name}" for name in asked} <= set(figures())


def test_the_example_of_scraping_names_the_ports_of_the_defaults() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))

    (job,) = config["scrape_configs"]
    ports = {each["labels"]["process"]: each["targets"] for each in job["static_configs"]}
    assert ports == {
        "edge": ["127.0.0.1:18841"],
        "ingest": ["127.0.0.1:18842"],
        "centre": ["127.0.0.1:18843"],
    }
    assert config["rule_files"] == ["alert-rules.yml"]


@pytest.mark.parametrize("name", ["manual.md", "manual.zh-CN.md"])
def test_the_manual_leads_to_the_page_of_grafana(name: str) -> None:
    assert "(grafana.md" in (MANUALS / name).read_text("utf-8")
