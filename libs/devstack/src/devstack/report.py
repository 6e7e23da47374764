"""Reports of events of processes."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Happening = Literal[
    "cleaned up", "starting", "ready", "crashed", "waiting", "restarting", "stopping", "stopped"
]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Event of a process."""

    name: str
    happening: Happening
    detail: str = ""


Reporter = Callable[[Report], None]
"""Receives reports as events happen."""


def silent(report: Report) -> None:
    """Drop a report."""


def unfailing(reporter: Reporter) -> Reporter:
    """Return a reporter dropping reports if they cannot be written, as on a full disk."""

    def report(report: Report) -> None:
        with contextlib.suppress(OSError):
            reporter(report)

    return report
