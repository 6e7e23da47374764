"""Send queue of one client: ordered, bounded, and without lost endings."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.live.send_queue import (
    GOING_AWAY,
    MAX_EDITS,
    MAX_ENDINGS,
    MAX_PARTS,
    MAX_PROGRESS,
    MAX_REPLIES,
    SESSION_ENDED,
    TOO_SLOW,
    SendQueue,
)


async def drain(queue: SendQueue) -> list[Any]:
    taken: list[Any] = []
    while len(queue):
        taken.append(await queue.next())
    return taken


async def test_messages_are_sent_in_order() -> None:
    queue = SendQueue()
    queue.put_queue("queue")
    queue.put_progress("job_1", "10 %")
    queue.put_ending("job_1", "done")
    assert await drain(queue) == ["queue", "10 %", "done"]


async def test_replies_about_different_things_are_all_kept() -> None:
    queue = SendQueue()
    queue.put_reply("access to 7 has ended", "7")
    queue.put_reply("first pong")
    queue.put_reply("second pong")
    assert await drain(queue) == ["access to 7 has ended", "second pong"]


async def test_too_many_unread_replies_end_the_connection() -> None:
    queue = SendQueue()
    for number in range(MAX_REPLIES + 1):
        queue.put_reply("access has ended", str(number))
    assert queue.closing is TOO_SLOW


async def test_only_the_latest_progress_of_a_job_is_kept() -> None:
    queue = SendQueue()
    for percent in range(1000):
        queue.put_progress("job_1", f"{percent} %")
        queue.put_progress("job_2", f"{percent} %")
    assert await drain(queue) == ["999 %", "999 %"]


async def test_only_the_latest_queue_state_is_kept_and_sent_last() -> None:
    queue = SendQueue()
    queue.put_queue("old")
    queue.put_progress("job_1", "10 %")
    queue.put_queue("new")
    assert await drain(queue) == ["10 %", "new"]


async def test_next_waits_for_a_message() -> None:
    queue = SendQueue()
    reading = asyncio.create_task(queue.next())
    await asyncio.sleep(0)
    assert not reading.done()
    queue.put_ending("job_1", "done")
    assert await reading == "done"
    again = asyncio.create_task(queue.next())
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()


async def test_a_client_with_too_many_unread_endings_is_disconnected() -> None:
    queue = SendQueue()
    for number in range(MAX_ENDINGS):
        queue.put_ending(f"job_{number}", "done")
    assert queue.closing is None
    queue.put_ending("one more", "done")
    assert queue.closing is TOO_SLOW
    assert await queue.next() is TOO_SLOW


async def test_sent_endings_free_capacity() -> None:
    queue = SendQueue()
    for number in range(MAX_ENDINGS * 2):
        queue.put_ending(f"job_{number}", "done")
        assert await queue.next() == "done"
    assert queue.closing is None


async def test_every_revision_is_sent_in_order() -> None:
    queue = SendQueue()
    for revision in range(2, 6):
        queue.put_edit(7, revision, f"revision {revision}")
    queue.put_edit(7, 5, "revision 5")
    assert await drain(queue) == [f"revision {revision}" for revision in range(2, 6)]
    for revision in range(MAX_EDITS):
        queue.put_edit(7, revision, "text")
    assert queue.closing is None
    queue.put_edit(8, 2, "one more")
    assert queue.closing is TOO_SLOW


async def test_every_part_of_a_text_is_sent_in_order() -> None:
    queue = SendQueue()
    for until in range(4):
        queue.put_part("job_1", until, f"text {until}")
    assert await drain(queue) == [f"text {until}" for until in range(4)]
    for until in range(MAX_PARTS):
        queue.put_part("job_1", until, "text")
    assert queue.closing is None
    queue.put_part("job_2", 0, "one more")
    assert queue.closing is TOO_SLOW


async def test_excess_progress_is_dropped() -> None:
    queue = SendQueue()
    for number in range(MAX_PROGRESS * 3):
        queue.put_progress(f"job_{number}", "10 %")
    assert len(queue) <= MAX_PROGRESS + 1
    assert queue.closing is None


async def test_closing_precedes_waiting_messages_and_keeps_the_first_reason() -> None:
    queue = SendQueue()
    queue.put_progress("job_1", "10 %")
    queue.close(SESSION_ENDED)
    queue.close(GOING_AWAY)
    assert await queue.next() is SESSION_ENDED


class Step:
    PROGRESS, ENDING, QUEUE, READ = range(4)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=60))
@pytest.mark.filterwarnings("default")
def test_any_sequence_keeps_order_and_delivers_endings(steps: list[tuple[int, int]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[int, int]]) -> None:
    queue = SendQueue()
    put: list[str] = []
    taken: list[Any] = []
    ended: set[int] = set()
    for count, (step, job) in enumerate(steps):
        if step == Step.PROGRESS and job not in ended:
            queue.put_progress(str(job), f"progress {job} {count}")
        elif step == Step.ENDING and job not in ended:
            ended.add(job)
            put.append(f"ending {job}")
            queue.put_ending(str(job), f"ending {job}")
        elif step == Step.QUEUE:
            queue.put_queue(f"queue {count}")
        elif step == Step.READ and len(queue):
            taken.append(await queue.next())
    taken += await drain(queue)
    assert [text for text in taken if text.startswith("ending")] == put
    for job in range(3):
        numbers = [int(text.split()[2]) for text in taken if text.startswith(f"progress {job}")]
        assert numbers == sorted(numbers)
        own = [text for text in taken if text.split()[1] == str(job) and text[0] != "q"]
        if f"ending {job}" in own:
            assert own[-1] == f"ending {job}"
