"""What waits for one client: in order, bounded, and no ending lost."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.live.outbox import (
    GOING_AWAY,
    MAX_ENDINGS,
    MAX_PROGRESS,
    SESSION_ENDED,
    TOO_SLOW,
    Outbox,
)


async def drain(outbox: Outbox) -> list[Any]:
    taken: list[Any] = []
    while len(outbox):
        taken.append(await outbox.next())
    return taken


async def test_messages_come_in_order() -> None:
    outbox = Outbox()
    outbox.put_queue("queue")
    outbox.put_progress("job_1", "10 %")
    outbox.put_ending("job_1", "done")
    assert await drain(outbox) == ["queue", "10 %", "done"]


async def test_only_the_latest_progress_of_a_job_waits() -> None:
    outbox = Outbox()
    for percent in range(1000):
        outbox.put_progress("job_1", f"{percent} %")
        outbox.put_progress("job_2", f"{percent} %")
    assert await drain(outbox) == ["999 %", "999 %"]


async def test_only_the_latest_queue_waits_and_it_comes_last() -> None:
    outbox = Outbox()
    outbox.put_queue("old")
    outbox.put_progress("job_1", "10 %")
    outbox.put_queue("new")
    assert await drain(outbox) == ["10 %", "new"]


async def test_the_reader_waits_for_the_next_message() -> None:
    outbox = Outbox()
    reading = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    assert not reading.done()
    outbox.put_ending("job_1", "done")
    assert await reading == "done"
    again = asyncio.create_task(outbox.next())
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()


async def test_a_client_that_leaves_endings_unread_is_closed() -> None:
    outbox = Outbox()
    for number in range(MAX_ENDINGS):
        outbox.put_ending(f"job_{number}", "done")
    assert outbox.closing is None
    outbox.put_ending("one more", "done")
    assert outbox.closing is TOO_SLOW
    assert await outbox.next() is TOO_SLOW


async def test_read_endings_make_room() -> None:
    outbox = Outbox()
    for number in range(MAX_ENDINGS * 2):
        outbox.put_ending(f"job_{number}", "done")
        assert await outbox.next() == "done"
    assert outbox.closing is None


async def test_progress_is_bounded_without_harm() -> None:
    outbox = Outbox()
    for number in range(MAX_PROGRESS * 3):
        outbox.put_progress(f"job_{number}", "10 %")
    assert len(outbox) <= MAX_PROGRESS + 1
    assert outbox.closing is None


async def test_closing_comes_before_what_waits_and_the_first_reason_counts() -> None:
    outbox = Outbox()
    outbox.put_progress("job_1", "10 %")
    outbox.close(SESSION_ENDED)
    outbox.close(GOING_AWAY)
    assert await outbox.next() is SESSION_ENDED


class Step:
    PROGRESS, ENDING, QUEUE, READ = range(4)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=60))
@pytest.mark.filterwarnings("default")
def test_whatever_happens_order_holds_and_endings_arrive(steps: list[tuple[int, int]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[int, int]]) -> None:
    outbox = Outbox()
    put: list[str] = []
    taken: list[Any] = []
    ended: set[int] = set()
    for count, (step, job) in enumerate(steps):
        if step == Step.PROGRESS and job not in ended:
            outbox.put_progress(str(job), f"progress {job} {count}")
        elif step == Step.ENDING and job not in ended:
            ended.add(job)
            put.append(f"ending {job}")
            outbox.put_ending(str(job), f"ending {job}")
        elif step == Step.QUEUE:
            outbox.put_queue(f"queue {count}")
        elif step == Step.READ and len(outbox):
            taken.append(await outbox.next())
    taken += await drain(outbox)
    assert [text for text in taken if text.startswith("ending")] == put
    for job in range(3):
        numbers = [int(text.split()[2]) for text in taken if text.startswith(f"progress {job}")]
        assert numbers == sorted(numbers)
        own = [text for text in taken if text.split()[1] == str(job) and text[0] != "q"]
        if f"ending {job}" in own:
            assert own[-1] == f"ending {job}"
