"""The autoscaler of the simulation."""

import re
from pathlib import Path

import yaml

from bench.simulation.autoscaler import Autoscaler, ScalingOptions

_CHART = Path(__file__).parents[4] / "deploy/helm/securetranscribe"


def scaler(*, least: int = 0, most: int = 100, target: float = 1.0) -> Autoscaler:
    return Autoscaler(ScalingOptions(least=least, most=most, target=target))


def test_defaults_are_those_of_the_chart() -> None:
    values = yaml.safe_load((_CHART / "values.yaml").read_text())
    scaling = values["services"]["transcriber-worker"]["autoscaling"]
    options = ScalingOptions(least=0, most=1)
    assert (options.target, options.cooldown, options.polling) == (
        scaling["target"],
        scaling["cooldownSeconds"],
        scaling["pollingSeconds"],
    )


def test_metric_of_the_chart_counts_open_tasks() -> None:
    template = (_CHART / "templates/scaledobjects.yaml").read_text()
    assert re.search(r"state IN \('waiting', 'released', 'running'\)", template)


def test_first_task_starts_one_pod_and_further_ones_double_it() -> None:
    scaling = scaler()
    pods, seen = 0, []
    for round_number in range(7):
        pods = scaling.desired(15.0 * round_number, pods, 60)
        seen.append(pods)
    assert seen == [1, 5, 10, 20, 40, 60, 60]


def test_target_is_tasks_per_pod_and_the_maximum_holds() -> None:
    assert scaler(target=2.0).desired(0.0, 40, 100) == 50
    assert scaler(most=45).desired(0.0, 40, 100) == 45


def test_small_deviation_changes_nothing() -> None:
    assert scaler().desired(0.0, 100, 95) == 100


def test_pods_stay_for_the_cooldown() -> None:
    scaling = scaler()
    assert scaling.desired(0.0, 50, 50) == 50
    assert scaling.desired(15.0, 50, 10) == 50
    assert scaling.desired(585.0, 50, 10) == 50
    assert scaling.desired(615.0, 50, 10) == 10


def test_pool_without_tasks_falls_to_the_minimum_after_the_cooldown() -> None:
    scaling = scaler()
    assert scaling.desired(0.0, 5, 3) == 5
    assert scaling.desired(300.0, 5, 0) > 0
    assert scaling.desired(600.0, 5, 0) == 0
    assert scaling.desired(615.0, 0, 0) == 0
