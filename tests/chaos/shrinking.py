"""Delta debugging (ddmin): the shortest part of a failing schedule that still fails."""

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


async def shortest(
    items: Sequence[Item],
    fails: Callable[[tuple[Item, ...]], Awaitable[bool]],
    *,
    most_runs: int = 40,
) -> tuple[Item, ...]:
    """Return a part that fails, from which no single item can be left out.

    `items` fail as a whole. The same part is never tried twice. After `most_runs` runs, the
    shortest failing part so far is returned.
    """
    failing, pieces = tuple(items), 2
    tried: dict[tuple[Item, ...], bool] = {}
    while len(failing) > 1:
        for candidate in _candidates(failing, pieces):
            if candidate not in tried:
                if len(tried) == most_runs:
                    return failing
                tried[candidate] = await fails(candidate)
            if tried[candidate]:
                # A half has two halves, and what is left without a piece has one piece less.
                pieces = 2 if len(candidate) * 2 <= len(failing) else max(2, pieces - 1)
                failing = candidate
                break
        else:
            if pieces >= len(failing):
                break
            pieces = min(len(failing), pieces * 2)
    return failing


def _candidates(items: tuple[Item, ...], pieces: int) -> list[tuple[Item, ...]]:
    """Return every piece alone, and everything without each piece."""
    size, more = divmod(len(items), pieces)
    bounds = [place * size + min(place, more) for place in range(pieces + 1)]
    spans = list(itertools.pairwise(bounds))
    alone = [items[start:end] for start, end in spans]
    without = [items[:start] + items[end:] for start, end in spans] if pieces > 2 else []
    return alone + without
