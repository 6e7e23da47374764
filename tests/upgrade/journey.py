"""Order of an upgrade: which processes of which release start and stop, phase by phase."""

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Order = Sequence[Sequence[str]]
#: The documented order (docs/upgrading.md), one service after the other.
DOCUMENTED: Order = (
    ("gateway",), ("speakers",), ("transcriber-api",), ("exporter",), ("transcriber-worker-1",),
    ("diarizer-1",), ("transcriber-embedder",),
)  # fmt: skip
#: Services of both releases work together in any combination.
BACKWARDS: Order = (
    ("transcriber-embedder", "diarizer-1", "transcriber-worker-1"),
    ("exporter", "transcriber-api"),
    ("speakers", "gateway"),
)
#: As in a cluster that replaces everything at the same time.
TOGETHER: Order = (tuple(name for group in DOCUMENTED for name in group),)


class Side(enum.StrEnum):
    """One of the two releases."""

    OLD = "old"
    NEW = "new"

    @property
    def other(self) -> "Side":
        """The release that is replaced by it."""
        return Side.OLD if self is Side.NEW else Side.NEW


@dataclass(frozen=True, kw_only=True)
class Migrate:
    """Run the migrations of a release, with whatever is running."""

    side: Side


@dataclass(frozen=True, kw_only=True)
class Replace:
    """Start processes next to those of the other release, which then stop."""

    processes: Sequence[str]
    side: Side


Step = Migrate | Replace


@dataclass(frozen=True, kw_only=True)
class Phase:
    """Steps while the owners work, and the time that they work on after the last one."""

    name: str
    steps: Sequence[Step] = ()
    thorough: bool = True
    """Whether it lasts until the owners have done something of everything."""


def phases() -> Iterator[Phase]:
    """Yield the phases after the start of all processes of the old release."""
    yield Phase(name="old release")
    yield Phase(name="old release, new schemas", steps=[Migrate(side=Side.NEW)])
    yield _replaced("upgrade", Side.NEW, DOCUMENTED)
    yield Phase(name="new release")
    yield Phase(name="new release, old setup", steps=[Migrate(side=Side.OLD)], thorough=False)
    yield _replaced("downgrade", Side.OLD, BACKWARDS)
    yield Phase(name="old release again")
    yield Phase(name="old release, setup again", steps=[Migrate(side=Side.NEW)], thorough=False)
    yield _replaced("second upgrade", Side.NEW, TOGETHER)
    yield Phase(name="new release again")


def _replaced(name: str, side: Side, order: Order) -> Phase:
    steps = [Replace(processes=group, side=side) for group in order]
    return Phase(name=name, steps=steps, thorough=False)
