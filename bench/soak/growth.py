"""Slope of a measured series after its warm-up, with its uncertainty."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: Growth per hour that is allowed, as a share of the level.
BOUND = 0.01
#: Part of a run that is left out as its warm-up.
WARM_UP = 1 / 3
#: Blocks of which the medians are compared. Single peaks do not count.
_BLOCKS = 12
_LEAST_BLOCKS = 4
_HOUR = 3600.0
#: Standard errors to both sides of the slope.
_CERTAINTY = 2.0


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Growth of one series. `per_hour` and `uncertainty` are in its own unit per hour.

    `floor` is a difference without any meaning, in its own unit.
    """

    name: str
    level: float
    per_hour: float
    uncertainty: float
    hours: float
    floor: float = 0.0

    @property
    def percent_per_hour(self) -> float:
        """Growth in percent of the level per hour."""
        return 100.0 * self.per_hour / self.level if self.level else 0.0

    @property
    def certain(self) -> bool:
        """Whether the series grows by more than the bound, even with its uncertainty.

        The growth within the run must be more than the floor.
        """
        least = self.per_hour - self.uncertainty
        return least > BOUND * self.level and least * self.hours > self.floor

    def row(self) -> str:
        """Return a row of the table."""
        return (
            f"| {self.name} | {self.level:,.1f} | {self.per_hour:+,.2f} ± {self.uncertainty:,.2f} "
            f"| {self.percent_per_hour:+.1f} % | {'**grows**' if self.certain else 'no'} |"
        )


def growth(
    name: str, times: Sequence[float], values: Sequence[float], *, floor: float = 0.0
) -> Growth:
    """Return the growth of a series after its warm-up. `times` are seconds, in order.

    Raises:
        ValueError: there are too few values.
    """
    first = times[0] + WARM_UP * (times[-1] - times[0])
    kept = [(at, value) for at, value in zip(times, values, strict=True) if at >= first]
    blocks = min(_BLOCKS, len(kept) // 3)
    if blocks < _LEAST_BLOCKS:
        raise ValueError("there are too few values: run longer")
    points = []
    for number in range(blocks):
        part = kept[number * len(kept) // blocks : (number + 1) * len(kept) // blocks]
        middle = statistics.fmean(at for at, _ in part)
        points.append((middle / _HOUR, statistics.median(value for _, value in part)))
    slope, error = _line(points)
    return Growth(
        name=name,
        level=statistics.median(value for _, value in kept),
        per_hour=slope,
        uncertainty=_CERTAINTY * error,
        hours=(kept[-1][0] - kept[0][0]) / _HOUR,
        floor=floor,
    )


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the slope of the line through points, and its standard error."""
    xs, ys = zip(*points, strict=True)
    slope, intercept = statistics.linear_regression(xs, ys)
    residuals = sum((y - intercept - slope * x) ** 2 for x, y in points)
    mean = statistics.fmean(xs)
    spread = sum((x - mean) ** 2 for x in xs)
    return slope, math.sqrt(residuals / max(1, len(points) - 2) / spread)
