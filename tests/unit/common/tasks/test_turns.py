from asyncio import Future

import pytest

from common.tasks.turns import Turns

Turn = Future[None]


def states(*turns: Turn) -> list[bool]:
    return [turn.done() for turn in turns]


@pytest.mark.parametrize("at_once", [1, 2, 3])
async def test_so_many_turns_are_taken_at_once(at_once: int) -> None:
    turns = Turns(at_once)
    asked = [turns.ask(task=True) for _ in range(4)]
    assert sum(states(*asked)) == at_once
    assert turns.taken
    turns.end(asked[0])
    assert states(*asked)[at_once]


async def test_waiting_task_goes_before_waiting_calls() -> None:
    turns = Turns()
    first, call, task = (turns.ask(task=task) for task in (True, False, True))
    turns.end(first)
    assert states(call, task) == [False, True]
    turns.end(task)
    assert call.done()


async def test_turn_that_no_longer_waits_is_passed_over() -> None:
    turns = Turns()
    first, second, third = (turns.ask(task=True) for _ in range(3))
    turns.end(second)
    turns.end(first)
    assert states(second, third) == [False, True]


async def test_turn_alone_waits_for_all_others_and_keeps_them_out() -> None:
    turns = Turns(3)
    first, second = turns.ask(task=True), turns.ask(task=True)
    alone = turns.ask(task=True, alone=True)
    later, call = turns.ask(task=True), turns.ask(task=False)
    assert states(first, second, alone, later, call) == [True, True, False, False, False]
    assert turns.taken
    turns.end(first)
    assert not alone.done()
    turns.end(second)
    assert states(alone, later, call) == [True, False, False]
    turns.end(alone)
    assert states(later, call) == [True, True]
    assert not turns.taken


async def test_only_a_task_behind_one_alone_is_shut_out() -> None:
    turns = Turns(2)
    first = turns.ask(task=True)
    alone, another = (turns.ask(task=True, alone=True) for _ in range(2))
    task, call = turns.ask(task=True), turns.ask(task=False)
    assert turns.shut
    shut = [turns.is_shut_to(turn) for turn in (first, alone, another, task, call)]
    assert shut == [False, False, True, True, False]
    for turn in (another, task):
        turns.end(turn)
    turns.end(first)
    assert alone.done()
    turns.end(alone)
    assert call.done()
    assert not turns.shut


async def test_one_at_a_time_is_always_alone() -> None:
    turns = Turns()
    repeated, other = turns.ask(task=True, alone=True), turns.ask(task=True)
    assert not turns.is_shut_to(other)
    turns.end(repeated)
    assert other.done()
