"""What the stack tells whoever watches it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Happening = Literal[
    "cleaned up", "starting", "ready", "crashed", "restarting", "stopping", "stopped"
]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Something happened to a process."""

    name: str
    happening: Happening
    detail: str = ""


Reporter = Callable[[Report], None]
"""Takes reports as things happen."""


def silent(report: Report) -> None:
    """A reporter for those who do not want to know."""
