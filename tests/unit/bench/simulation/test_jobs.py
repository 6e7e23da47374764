"""Order of tasks in the simulation, against the order of the product."""

import random

import pytest

from bench.simulation.jobs import QueuedJobs
from transcriber.domain.queue_order import QueueOrder, WaitingJob


def drained(jobs: QueuedJobs, stage: int) -> list[int]:
    found = []
    while (job := jobs.take(stage)) is not None:
        found.append(job)
    return found


@pytest.mark.parametrize("seed", range(50))
def test_order_is_that_of_the_product(seed: int) -> None:
    dice = random.Random(seed)
    count = dice.randint(1, 60)
    owners = [dice.randrange(6) for _ in range(count)]
    priorities = [dice.choice([1, 5, 5, 10]) for _ in range(count)]
    jobs = QueuedJobs(owners, priorities)
    running: dict[str, int] = {}
    for number in range(count):
        jobs.add(number, 1)
        if dice.random() < 0.2:
            # It runs before the younger ones arrive.
            taken = jobs.take(0)
            assert taken is not None
            assert jobs.take(1) == taken
            running[str(taken)] = owners[taken]
    by_owner: dict[str, int] = {}
    for owner in running.values():
        by_owner[str(owner)] = by_owner.get(str(owner), 0) + 1
    waiting = [
        WaitingJob(number=number, workspace_id=str(owners[number]), priority=priorities[number])
        for number in range(count)
        if str(number) not in running
    ]
    expected = [job.number for job in QueueOrder(waiting, by_owner).jobs]
    assert drained(jobs, 0) == expected
    # The other stage follows the releases.
    assert drained(jobs, 1) == expected


def test_further_parts_take_turns_with_other_owners() -> None:
    jobs = QueuedJobs([0, 1, 1])
    jobs.add(0, 4)
    jobs.add(1, 1)
    jobs.add(2, 1)
    assert drained(jobs, 0) == [0, 1, 0, 2, 0, 0]


def test_task_handed_back_goes_first() -> None:
    jobs = QueuedJobs([0, 1])
    jobs.add(0, 1)
    assert jobs.take(0) == 0
    jobs.add(1, 1)
    jobs.leave(0, 0, again=True)
    assert drained(jobs, 0) == [0, 1]


def test_ended_job_gives_its_share_back() -> None:
    jobs = QueuedJobs([0, 0, 1, 1])
    for number in (0, 2):
        jobs.add(number, 1)
        assert (jobs.take(0), jobs.take(1)) == (number, number)
    jobs.add(1, 1)
    jobs.add(3, 1)
    for stage in (0, 1):
        jobs.leave(2, stage)
    assert jobs.end(2) == 0
    assert drained(jobs, 0) == [3, 1]
    assert jobs.shares() == {}


def test_end_returns_tasks_that_waited() -> None:
    jobs = QueuedJobs([0])
    jobs.add(0, 3)
    assert jobs.take(0) == 0
    assert jobs.end(0) == 5
    assert drained(jobs, 0) == []
    assert jobs.total_taken() == 0
