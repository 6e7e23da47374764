from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.shrinking import shortest


class Failing:
    """A test that fails with all culprits together."""

    def __init__(self, culprits: Sequence[int]) -> None:
        self.culprits = set(culprits)
        self.runs: list[tuple[int, ...]] = []

    async def __call__(self, items: tuple[int, ...]) -> bool:
        self.runs.append(items)
        return self.culprits <= set(items)


@given(
    count=st.integers(1, 60),
    culprits=st.lists(st.integers(0, 59), min_size=1, max_size=4, unique=True),
)
async def test_only_culprits_are_left(count: int, culprits: list[int]) -> None:
    failing = Failing([one % count for one in culprits])
    found = await shortest(range(count), failing, most_runs=10_000)
    assert set(found) == failing.culprits
    assert list(found) == sorted(found)


async def test_nothing_is_tried_twice() -> None:
    failing = Failing([3, 40])
    await shortest(range(64), failing, most_runs=10_000)
    assert len(set(failing.runs)) == len(failing.runs)


async def test_one_culprit_of_many_takes_few_runs() -> None:
    failing = Failing([700])
    assert await shortest(range(1000), failing) == (700,)
    assert len(failing.runs) < 25


async def test_runs_are_bounded() -> None:
    failing = Failing([0, 63])
    found = await shortest(range(64), failing, most_runs=5)
    assert len(failing.runs) == 5
    assert failing.culprits <= set(found)
