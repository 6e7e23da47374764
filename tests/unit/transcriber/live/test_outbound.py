"""Queue of responses of one stream."""

import asyncio

import pytest

from common.errors import LockedError, ResourceExhaustedError
from securetranscribe.v1 import live_pb2
from transcriber.domain.live import LiveSegment, LiveWord
from transcriber.live import messages
from transcriber.live.outbound import MOST_WAITING, Outbound

WORD = LiveWord(text="one", start=0.0, end=0.4, probability=1.0)


def text(segment: int, count: int = 1, *, sequence: int = 0) -> LiveSegment:
    return LiveSegment(segment=segment, words=(WORD,) * count, sequence=sequence)


async def taken(outbound: Outbound) -> list[str]:
    """Return the kinds of all responses up to the end."""
    kinds = []
    while (response := await outbound.next()) is not None:
        kinds.append(str(response.WhichOneof("live_response")))
    return kinds


async def test_only_the_latest_of_what_replaces_is_kept() -> None:
    outbound = Outbound()
    for count in (1, 2):
        outbound.put(messages.draft(text(0, count)))
        outbound.put(messages.acknowledged(count, []))
    outbound.put(messages.draft(text(1)))

    first, second = await outbound.next(), await outbound.next()

    assert first is not None
    assert second is not None
    assert len(first.draft.words) == 2
    assert second.acknowledged.next_chunk == 2


async def test_acknowledgments_do_not_go_back() -> None:
    outbound = Outbound()
    outbound.put(messages.acknowledged(7, []))
    outbound.put(messages.acknowledged(5, [5]))

    response = await outbound.next()

    assert response is not None
    assert response.acknowledged.next_chunk == 7
    outbound.put(messages.acknowledged(6, []))
    outbound.end()
    assert await outbound.next() is None


async def test_final_takes_the_place_of_its_draft() -> None:
    outbound = Outbound()
    outbound.put(messages.draft(text(0)))
    outbound.put(messages.final(text(0, sequence=1)))
    outbound.end(messages.notice(live_pb2.LIVE_NOTICE_CODE_RECOGNIZING, "Done."))

    assert await taken(outbound) == ["final", "notice"]


async def test_slow_client_is_disconnected() -> None:
    outbound = Outbound()
    for number in range(MOST_WAITING + 1):
        outbound.put(messages.final(text(number, sequence=number + 1)))

    with pytest.raises(ResourceExhaustedError):
        await outbound.next()


async def test_failure_goes_before_what_waits() -> None:
    outbound = Outbound()
    outbound.put(messages.draft(text(0)))
    outbound.fail(LockedError("first"))
    outbound.fail(LockedError("second"))

    with pytest.raises(LockedError, match="first"):
        await outbound.next()


async def test_waits_for_the_next_one() -> None:
    outbound = Outbound()
    waiting = asyncio.create_task(outbound.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbound.put(messages.draft(text(0)))
    assert await waiting is not None
    outbound.end()
    outbound.put(messages.draft(text(1)))
    assert await outbound.next() is None
    assert await outbound.next() is None
