from collections.abc import Iterator

import pytest

from tests.chaos.network import SERVICE_VARIABLES
from tests.upgrade.journey import (
    BACKWARDS,
    DOCUMENTED,
    TOGETHER,
    Migrate,
    Order,
    Phase,
    Replace,
    Side,
    phases,
)


def _steps() -> Iterator[Migrate | Replace]:
    for phase in phases():
        yield from phase.steps


@pytest.mark.parametrize("order", [DOCUMENTED, BACKWARDS, TOGETHER])
def test_every_process_is_replaced_once(order: Order) -> None:
    names = [name for group in order for name in group]
    assert sorted(names) == sorted(SERVICE_VARIABLES.values())


def test_journey_goes_forwards_backwards_and_forwards() -> None:
    sides = dict.fromkeys(TOGETHER[0], Side.OLD)
    seen = []
    for step in _steps():
        if isinstance(step, Replace):
            assert {sides[name] for name in step.processes} == {step.side.other}
            sides |= dict.fromkeys(step.processes, step.side)
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
