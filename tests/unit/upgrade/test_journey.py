from collections.abc import Iterator

import pytest

from tests.chaos.network import SERVICE_VARIABLES
from tests.upgrade.journey import (
    BACKWARDS,
    DOCUMENTED,
    WORKERS_FIRST,
    Migrate,
    Phase,
    Replace,
    Side,
    phases,
)


def _steps() -> Iterator[Migrate | Replace]:
    for phase in phases():
        yield from phase.steps


@pytest.mark.parametrize("order", [DOCUMENTED, BACKWARDS, WORKERS_FIRST])
def test_every_process_is_replaced_once(order: tuple[str, ...]) -> None:
    assert sorted(order) == sorted(SERVICE_VARIABLES.values())


def test_journey_goes_forwards_backwards_and_forwards() -> None:
    sides = dict.fromkeys(DOCUMENTED, Side.OLD)
    seen = []
    for step in _steps():
        if isinstance(step, Replace):
            assert sides[step.process] is step.side.other
            sides[step.process] = step.side
            if len(set(sides.values())) == 1:
                seen.append(step.side)
    assert seen == [Side.NEW, Side.OLD, Side.NEW]


def test_each_release_migrates_before_its_processes_start() -> None:
    last = None
    for step in _steps():
        if isinstance(step, Migrate):
            last = step.side
        else:
            assert step.side is last


def test_owners_work_on_each_release_alone() -> None:
    alone = [phase.name for phase in phases() if not phase.steps]
    assert alone == ["old release", "new release", "old release again", "new release again"]
    assert Phase(name="any").steps == ()
