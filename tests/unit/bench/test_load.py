"""Latencies of many clients."""

import time

import pytest

from bench.load import Latencies, repeated


async def test_failed_requests_are_counted_apart() -> None:
    figures = Latencies(name="reads")

    async def good() -> None:
        pass

    async def bad() -> None:
        raise RuntimeError("refused")

    await figures.measure(good)
    await figures.measure(bad)
    assert len(figures.took) == 1
    assert figures.failed == ["RuntimeError('refused')"]
    assert figures.row(2.0).startswith("| reads | 0.5 | ")
    assert figures.row(2.0).endswith(" | 1 |")


@pytest.mark.parametrize(("share", "expected"), [(0.5, 51.0), (0.95, 96.0), (0.99, 100.0)])
def test_percentiles(share: float, expected: float) -> None:
    figures = Latencies(name="reads", took=[number / 1000 for number in range(1, 101)])
    assert figures.percentile(share) == pytest.approx(expected)


async def test_clients_stop_at_the_end() -> None:
    figures = Latencies(name="reads")

    async def read() -> None:
        pass

    await repeated(figures, read, pause=0.0, end=time.monotonic() - 1, seed=1)
    assert figures.took == []
