import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from common import telemetry
from tests.unit.deploy.promql import Series, evaluate

MONITORING = Path(__file__).parents[3] / "deploy/monitoring"
#: On the path, or installed by `make test`.
PROMTOOL = shutil.which(
    "promtool", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
)
RULES = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
SITUATIONS = yaml.safe_load((MONITORING / "alerts.test.yml").read_text())["tests"]
DASHBOARD = json.loads((MONITORING / "grafana/dashboards/securetranscribe.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in PANELS for target in panel["targets"]
]
# Metrics of Prometheus itself and of every Python process.
OTHERS = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total"}
_UNITS = {"s": 1, "m": 60, "h": 3600}


def exported() -> dict[str, set[str]]:
    """Return every series exported by the services, with its labels."""
    found: dict[str, set[str]] = {}
    for metric in vars(telemetry).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            name, labels = metric._name, set(metric._labelnames)
            if isinstance(metric, Histogram):
                found |= {f"{name}_count": labels, f"{name}_sum": labels}
                found[f"{name}_bucket"] = labels | {"le"}
            else:
                found[name + ("_total" if isinstance(metric, Counter) else "")] = labels
    return found


def selectors(expression: str) -> list[tuple[str, set[str]]]:
    """Return the metrics of an expression with the labels of their selectors."""
    found = []
    for name, inside in re.findall(r"\b([a-zA-Z_]\w*)(?:\{([^}]*)\})?(?=[\[\s)}>]|$)", expression):
        if name.startswith(("securetranscribe_", "process_")) or name == "up":
            found.append((name, set(re.findall(r"(\w+)\s*=", inside))))
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression_uses_only_exported_metrics(expression: str) -> None:
    promql_parser.parse(expression)
    named = selectors(expression)
    assert named
    for name, labels in named:
        if name not in OTHERS:
            assert name in exported()
            assert labels <= exported()[name] | {"job", "instance"}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression_groups_by_existing_labels(expression: str) -> None:
    known = {label for name, _ in selectors(expression) for label in exported().get(name, set())}
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        names = {label.strip() for label in group.split(",")}
        assert names <= known | {"job", "instance"}


def test_every_metric_is_on_the_dashboard_or_in_an_alert() -> None:
    used = {name for expression in EXPRESSIONS for name, _ in selectors(expression)}
    for metric in vars(telemetry).values():
        if isinstance(metric, Counter | Gauge | Histogram):
            assert any(name.startswith(metric._name) for name in used), metric._name


def _seconds(text: str) -> float:
    return float(text[:-1]) * _UNITS[text[-1]]


def _firing(rule: dict[str, Any], series: list[Series], at: float, step: float) -> list[Any]:
    """Return the label sets for which the expression has held for the rule's time."""
    lasting = _seconds(rule["for"])
    since: dict[Any, float] = {}
    moment = 0.0
    while moment <= at:
        now = evaluate(rule["expr"], series, moment)
        since = {labels: since.get(labels, moment) for labels in now}
        moment += step
    return [
        {**dict(labels), **rule["labels"]}
        for labels, began in since.items()
        if moment - step - began >= lasting
    ]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: str(situation["name"]))
def test_alerts_fire_as_expected(situation: dict[str, Any]) -> None:
    interval = _seconds(situation["interval"])
    series = [
        Series.read(item["series"], str(item["values"]), interval)
        for item in situation["input_series"]
    ]
    rules = {rule["alert"]: rule for rule in RULES}
    for expected in situation["alert_rule_test"]:
        rule = rules[expected["alertname"]]
        firing = _firing(rule, series, _seconds(expected["eval_time"]), 60)
        wanted = [alert["exp_labels"] for alert in expected["exp_alerts"]]
        for labels in firing:
            labels.pop("__name__", None)
        assert firing == wanted


def test_every_alert_fires_in_some_situation() -> None:
    fired = {
        expected["alertname"]
        for situation in SITUATIONS
        for expected in situation["alert_rule_test"]
        if expected["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in RULES}


@pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing. Run: sudo apt-get install prometheus"
)
@pytest.mark.parametrize("command", ["test rules alerts.test.yml", "check config prometheus.yml"])
def test_promtool_agrees(command: str) -> None:
    subprocess.run([str(PROMTOOL), *command.split()], cwd=MONITORING, check=True)


def test_every_alert_has_a_severity_and_a_summary() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert rule["for"]


def test_every_process_is_scraped_under_the_job_name_of_the_rules() -> None:
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job["dns_sd_configs"][0] for job in config["scrape_configs"]}
    named = next(rule["expr"] for rule in RULES if rule["alert"] == "ServiceDown")
    watched = re.search(r'job=~"([^"]*)"', named)
    assert watched is not None
    assert set(watched[1].split("|")) == jobs.keys()
    assert all(found["names"] == [name] for name, found in jobs.items())
    assert {found["port"] for name, found in jobs.items() if name != "envoy"} == {9464}


def test_panels_do_not_overlap() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        box = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(box["x"], box["x"] + box["w"])
            for y in range(box["y"], box["y"] + box["h"])
        }
        assert not covered & cells, panel["title"]
        assert box["x"] + box["w"] <= 24
        cells |= covered
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
