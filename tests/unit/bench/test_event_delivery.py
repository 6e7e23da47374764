"""What the benchmark of events reads from servers, and what it prints."""

from typing import Any

import pytest

from bench.event_delivery import Delivery, percent_of, typical, worst

_INFINITE = float("inf")


def _delivery(seconds: float) -> Delivery:
    return Delivery(
        messages=4_200, median=seconds, p95=2 * seconds, lag=0.05, busy=0.025, cpu_seconds=2.1
    )


def test_only_observations_between_two_readings_count() -> None:
    before = {0.01: 5.0, 0.05: 6.0, 0.1: 7.0, _INFINITE: 8.0}
    assert worst(before, {0.01: 9.0, 0.05: 11.0, 0.1: 12.0, _INFINITE: 13.0}) == 0.05
    assert worst(before, {0.01: 9.0, 0.05: 11.0, 0.1: 12.0, _INFINITE: 14.0}) == _INFINITE
    assert worst(before, before) == 0.01


@pytest.mark.parametrize(
    ("message", "percent"),
    [
        ({"type": "job_progress", "data": {"job_id": "a", "progress_percentage": 7}}, 7),
        ({"type": "job_completed", "data": {"job_id": "a"}}, -1),
        ({"jobProgress": {"jobId": "a", "progressPercent": 7}}, 7),
        ({"jobProgress": {"jobId": "a"}}, 0),
        ({"jobCompleted": {"jobId": "a"}}, -1),
    ],
)
def test_messages_of_both_servers_are_understood(message: dict[str, Any], percent: float) -> None:
    assert percent_of(message) == percent


def test_figures_are_medians_of_the_rounds() -> None:
    found = typical([_delivery(seconds) for seconds in (0.3, 0.01, 0.02)])
    assert found.row("gateway") == "| gateway | 4,200 | 20 | 40 | 50 | 25 | 500 |"
