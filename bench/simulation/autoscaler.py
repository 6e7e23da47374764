"""The autoscaler of the chart: KEDA over a HorizontalPodAutoscaler, in virtual time.

The rules are those of Kubernetes with the values of the chart. The metric is the number of open
tasks of a stage, and the target is its value per pod.
"""

import math
from collections import deque
from dataclasses import dataclass

#: A deviation from the target up to this part changes nothing.
_TOLERANCE = 0.1
#: One step of growth: as many pods as there are, or at least so many.
_LEAST_GROWTH = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingOptions:
    """Values of the chart (`services.*.autoscaling`). Times are in seconds."""

    least: int
    most: int
    target: float = 1.0
    cooldown: float = 600.0
    polling: float = 15.0


class Autoscaler:
    """Decides the number of pods of one stage."""

    def __init__(self, options: ScalingOptions) -> None:
        self.options = options
        self._recommended: deque[tuple[float, int]] = deque()
        self._active_at = -math.inf

    def desired(self, now: float, pods: int, open_tasks: int) -> int:
        """Return the number of pods to have, from the present number and the metric."""
        if open_tasks > 0:
            self._active_at = now
        if pods == 0:
            # KEDA activates the workload, and the HorizontalPodAutoscaler takes over.
            return max(self.options.least, 1 if open_tasks > 0 else 0)
        if open_tasks == 0 and now - self._active_at >= self.options.cooldown:
            return self.options.least
        if not self._recommended:
            # As at the start of the autoscaler, the present number counts as recommended.
            self._recommended.append((now, pods))
        wanted = pods
        if abs(open_tasks / (self.options.target * pods) - 1.0) > _TOLERANCE:
            wanted = math.ceil(open_tasks / self.options.target)
        stable = self._stabilized(now, wanted)
        wanted = min(pods, stable) if wanted < pods else wanted
        wanted = min(wanted, max(2 * pods, pods + _LEAST_GROWTH), self.options.most)
        return max(wanted, self.options.least, 1)

    def _stabilized(self, now: float, wanted: int) -> int:
        """Return the highest recommendation of the cool-down, so that a short lull is ignored."""
        while self._recommended and self._recommended[0][0] <= now - self.options.cooldown:
            self._recommended.popleft()
        # A lower, older recommendation can no longer be the highest.
        while self._recommended and self._recommended[-1][1] <= wanted:
            self._recommended.pop()
        self._recommended.append((now, wanted))
        return self._recommended[0][1]
