"""Reports of the simulation."""

from xml.etree import ElementTree

import pytest

from bench.simulation.chart import chart
from bench.simulation.outcome import jain
from bench.simulation.report import duration, tables
from bench.simulation.scenarios import scenarios
from bench.simulation.simulator import Simulation
from bench.simulation.workload import generate


def test_every_scenario_runs_and_is_reported() -> None:
    found, samples = {}, {}
    chosen = scenarios(300, 10)
    for scenario in chosen.values():
        outcome = Simulation(generate(scenario.workload, 1), scenario.options, 1).run()
        assert outcome.ended == 300
        found[scenario.title] = outcome.figures()
        samples[scenario.title] = outcome.samples
    text = tables(found)
    assert all(text.count(f"| {title} |") >= 3 for title in found)
    drawing = ElementTree.fromstring(chart(samples))
    lines = drawing.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 3 * len(samples)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.25, "0.2 s"), (200.0, "3.3 min"), (7200.0, "2.0 h")]
)
def test_duration_has_a_unit_that_suits_it(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("shares", "expected"), [([2, 2, 2], 1.0), ([3, 0, 0], 1 / 3), ([0, 0], 1.0)]
)
def test_jain_index(shares: list[float], expected: float) -> None:
    assert jain(shares) == pytest.approx(expected)
