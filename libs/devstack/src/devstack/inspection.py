"""State of the stack on a data directory, as seen by another process."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from devstack.background import running
from devstack.console import StatusRow
from devstack.errors import DevstackError
from devstack.files import DataDirectory
from devstack.leftovers import recorded_children
from devstack.state import ProcessEndpoint, RunnerState, read_state
from devstack.supervisor import Condition

_POLL_SECONDS = 0.5
_PROBE_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A running stack and the health of its processes at one moment."""

    pid: int
    state: RunnerState | None
    """None if the runner has not written any."""

    rows: Sequence[StatusRow]

    @property
    def phase(self) -> str:
        """Phase of the runner."""
        return self.state.phase if self.state else "starting or stopping"

    @property
    def healthy(self) -> bool:
        """Whether the stack is ready and all processes are healthy."""
        return self.phase == "ready" and all(row.problem is None for row in self.rows)


def inspect(files: DataDirectory) -> Inspection | None:
    """Probe every process of the stack using the directory. Return None without a stack."""
    holder = running(files)
    if holder is None:
        return None
    state = read_state(files.state)
    if state is not None and state.pid != holder.stamp.pid:
        state = None
    pids = {child.name: child.stamp.pid for child in recorded_children(files)}
    rows: list[StatusRow] = []
    if state is not None:
        conditions = state.conditions
        with ThreadPoolExecutor(max_workers=max(1, len(state.endpoints))) as asking:
            rows += asking.map(
                lambda one: _row(one, pids.get(one.name), conditions.get(one.name)),
                state.endpoints,
            )
    return Inspection(pid=holder.stamp.pid, state=state, rows=rows)


def wait_settled(files: DataDirectory, *, patience_seconds: float) -> Inspection | None:
    """Inspect the stack once it has started. Return None if it ended instead.

    An unhealthy stack is probed for a few more seconds, because a busy machine may respond late.
    """
    begun = time.monotonic()
    ready_at: float | None = None
    while True:
        found = inspect(files)
        now = time.monotonic()
        if found is None or found.healthy:
            return found
        if found.phase == "ready" and ready_at is None:
            ready_at = now
        settled = ready_at is not None and now - ready_at >= _PROBE_PATIENCE_SECONDS
        if settled or now - begun >= patience_seconds:
            return found
        time.sleep(_POLL_SECONDS)


def _row(endpoint: ProcessEndpoint, pid: int | None, condition: Condition | None) -> StatusRow:
    known = condition or Condition()
    return StatusRow(
        name=endpoint.name,
        pid=pid,
        address=endpoint.address,
        problem=known.trouble or _problem(endpoint),
        restarts=known.restarts,
    )


def _problem(endpoint: ProcessEndpoint) -> str | None:
    try:
        return endpoint.probe.problem()
    except DevstackError as error:
        return str(error)
