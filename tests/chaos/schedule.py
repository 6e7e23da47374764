"""Seeded schedules of faults. The same seed always makes the same schedule."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a fault does."""

    KILL = "kill"
    """SIGKILL to a process. Its supervisor starts it again."""

    FREEZE = "freeze"
    """SIGSTOP to a process and its children, for some seconds."""

    RESTART = "restart"
    """The signal to stop. The process ends in its own time and is started again."""

    CUT = "cut"
    """Connections between two processes are closed, and new ones refused, for some seconds."""

    HALF_OPEN = "half-open"
    """Connections between two processes stay open and carry nothing, for some seconds."""

    RESET = "reset"
    """Connections between two processes are reset once."""

    SLOW = "slow"
    """Everything between two processes arrives later, for some seconds."""

    FILL = "fill"
    """The disk is full for some seconds."""

    REPEAT = "repeat"
    """Tasks and results of workers are delivered again, in another order."""

    TURN_CLOCK = "turn-clock"
    """The clock of a process is wrong for some seconds."""


#: Faults between a process and a peer.
OF_LINKS = frozenset({Kind.CUT, Kind.HALF_OPEN, Kind.RESET, Kind.SLOW})
#: Faults of a single process.
OF_PROCESSES = frozenset({Kind.KILL, Kind.FREEZE, Kind.RESTART, Kind.TURN_CLOCK})
_MOMENTARY = frozenset({Kind.KILL, Kind.RESTART, Kind.RESET, Kind.REPEAT})
_SHORTEST_PAUSE_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 1.5
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault of a schedule."""

    kind: Kind
    pause: float
    """Seconds after the beginning of the fault before it."""

    process: str = ""
    """The process that it happens to, empty for faults of the machine."""

    peer: str = ""
    """The other end of a connection."""

    seconds: float = 0.0
    """How long it lasts. 0 for faults of a moment."""

    amount: float = 0.0
    """Seconds of delay, seconds that the clock is ahead, or free megabytes."""

    def __str__(self) -> str:
        """Return a line for a log."""
        where = f" {self.process}" if self.process else ""
        to = f" to {self.peer}" if self.peer else ""
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        by = f" by {self.amount:.1f}" if self.amount else ""
        return f"{self.kind}{where}{to}{by}{lasts}"


@dataclass(frozen=True, kw_only=True)
class Field:
    """Everything that faults can happen to."""

    processes: Sequence[str]
    links: Sequence[tuple[str, str]]
    kinds: frozenset[Kind] = frozenset(Kind)
    """Faults that this machine allows."""

    clocks: Sequence[str] = ()
    """Processes whose clock can be turned."""


def schedule(
    seed: int,
    field: Field,
    *,
    kills: int,
    longest_seconds: float = 60.0,
    longest_pause: float = 6.0,
) -> tuple[Fault, ...]:
    """Return a schedule with a number of kills, and about as many other faults in between.

    Every process is killed once before one is killed again. No fault lasts longer than
    `longest_seconds`, and no pause between two longer than `longest_pause`.
    """
    dice = random.Random(seed)

    def pause() -> float:
        return round(dice.uniform(_SHORTEST_PAUSE_SECONDS, longest_pause), 1)

    others = sorted(field.kinds - {Kind.KILL})
    victims: list[str] = []
    faults: list[Fault] = []
    for _ in range(kills):
        if not victims:
            victims = dice.sample(sorted(field.processes), len(field.processes))
        faults.append(Fault(kind=Kind.KILL, pause=pause(), process=victims.pop()))
        if others:
            other = _other(dice, dice.choice(others), field, longest_seconds)
            faults.append(replace(other, pause=pause()))
    return tuple(faults)


def _other(dice: random.Random, kind: Kind, field: Field, longest: float) -> Fault:
    process = peer = ""
    if kind in OF_LINKS:
        process, peer = dice.choice(sorted(field.links))
    elif kind in OF_PROCESSES:
        among = field.clocks if kind is Kind.TURN_CLOCK else field.processes
        process = dice.choice(sorted(among))
    return Fault(
        kind=kind,
        pause=0.0,
        process=process,
        peer=peer,
        # Short ones are more frequent, as they are outside.
        seconds=0.0 if kind in _MOMENTARY else round(1 + (longest - 1) * dice.random() ** 2, 1),
        amount=_amount(dice, kind),
    )


def _amount(dice: random.Random, kind: Kind) -> float:
    match kind:
        case Kind.SLOW:
            return round(dice.uniform(0.05, _LONGEST_DELAY_SECONDS), 2)
        case Kind.TURN_CLOCK:
            return round(dice.choice((-1, 1)) * dice.uniform(5, _DAY_SECONDS), 0)
        case Kind.FILL:
            # Full for everything, or only for uploads.
            return float(dice.choice((0, 100, 200)))
        case _:
            return 0.0


def dumps(faults: Sequence[Fault]) -> str:
    """Return a schedule as JSON lines."""
    return "".join(json.dumps(asdict(fault)) + "\n" for fault in faults)


def loads(text: str) -> tuple[Fault, ...]:
    """Return the schedule of JSON lines."""
    found = [json.loads(line) for line in text.splitlines() if line.strip()]
    return tuple(Fault(**{**one, "kind": Kind(one["kind"])}) for one in found)
