"""Whether a history of concurrent operations could have happened one after the other."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

State = TypeVar("State", bound=Hashable)
#: States of a search without a result. Histories of one object need a few per operation.
_MOST_STATES = 200_000


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One call of a client, with the times of its begin and its answer."""

    call: Any
    begun: float
    ended: float | None = None
    """None without an answer. Such a call took effect at any later time, or never."""

    result: Any = None
    """Answer of a call that was answered."""


#: Returns the possible states after an operation, or none if its result contradicts the state.
Model = Callable[[State, Operation], Iterable[State]]


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """Proof that no order explains a history."""

    explained: tuple[Operation, ...]
    """The longest beginning of an order that works."""

    unexplained: tuple[Operation, ...]
    """Operations of which one has to come next, and none can."""


class UndecidedError(Exception):
    """The history has too many concurrent operations to decide."""


@dataclass(kw_only=True)
class _Search(Generic[State]):
    """Depth-first search for an order, as by Wing and Gong, with the visited states as by Lowe."""

    operations: Sequence[Operation]
    model: Model[State]
    visited: set[tuple[int, State]] = field(default_factory=set)

    def run(self, initial: State) -> Contradiction | None:
        answered = sum(
            1 << place for place, one in enumerate(self.operations) if one.ended is not None
        )
        stack: list[tuple[int, State, tuple[int, ...]]] = [(0, initial, ())]
        longest: tuple[int, ...] = ()
        while stack:
            done, state, order = stack.pop()
            if done & answered == answered:
                return None
            if len(order) > len(longest):
                longest = order
            # The earliest is tried first, because it is the last one pushed.
            for place in reversed(self._next(done)):
                for after in self.model(state, self.operations[place]):
                    reached = (done | 1 << place, after)
                    if reached in self.visited:
                        continue
                    if len(self.visited) >= _MOST_STATES:
                        raise UndecidedError(
                            f"{len(self.operations)} operations have too many possible orders. "
                            "Use fewer concurrent clients per object."
                        )
                    self.visited.add(reached)
                    stack.append((*reached, (*order, place)))
        done = sum(1 << place for place in longest)
        return Contradiction(
            explained=tuple(self.operations[place] for place in longest),
            unexplained=tuple(self.operations[place] for place in self._next(done)),
        )

    def _next(self, done: int) -> list[int]:
        """Return the operations that began before any other remaining one was answered."""
        remaining = [place for place in range(len(self.operations)) if not done >> place & 1]
        ends = [one.ended for one in map(self.operations.__getitem__, remaining)]
        first = min((end for end in ends if end is not None), default=float("inf"))
        return [place for place in remaining if self.operations[place].begun <= first]


def contradiction(
    history: Iterable[Operation], model: Model[State], initial: State
) -> Contradiction | None:
    """Return None if a history is linearizable, otherwise a proof that it is not.

    Raises:
        UndecidedError: there are too many possible orders.
    """
    operations = sorted(history, key=lambda one: one.begun)
    return _Search(operations=operations, model=model).run(initial)
