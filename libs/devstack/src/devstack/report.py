"""What the stack tells whoever watches it."""

from dataclasses import dataclass
from typing import Literal, Protocol

Happening = Literal[
    "cleaned up", "starting", "ready", "crashed", "restarting", "stopping", "stopped"
]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Something happened to a process."""

    name: str
    happening: Happening
    detail: str = ""


class Reporter(Protocol):
    """Takes reports as things happen."""

    def __call__(self, report: Report) -> None:
        """Take one."""
        ...


def silent(report: Report) -> None:
    """A reporter for those who do not want to know."""
