"""Beginnings of uploads are watched in bounded memory, and never outlive their uploads."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future
from contextlib import aclosing
from typing import Any, cast

import pytest

from common.identity import Identity
from transcriber.domain.options import ProcessingOptions
from transcriber.recordings.acceptance import UploadRequest
from transcriber.recordings.beginning import NEEDED_SECONDS
from transcriber.recordings.early_start import Arriving, EarlyStarts

MIB = 1024 * 1024


class Deferred(Executor):
    """Executor with results given by the test."""

    def __init__(self) -> None:
        self._asked: asyncio.Queue[tuple[int, Future[Any]]] = asyncio.Queue()

    def submit(self, fn: Callable[..., Any], /, *_args: Any, **_named: Any) -> Future[Any]:
        """Note the bytes to examine."""
        result: Future[Any] = Future()
        self._asked.put_nowait((len(cast(Any, fn).args[0]), result))
        return result

    async def asked(self) -> tuple[int, Future[Any]]:
        """Return the next number of bytes to examine, and the future result."""
        async with asyncio.timeout(60):
            return await self._asked.get()


class Lingering(EarlyStarts):
    """Early starts that take time to end."""

    def __init__(self, *, executor: Executor) -> None:
        unused = cast(Any, None)
        super().__init__(
            unused, unused, unused, unused,
            issuer=unused, executor=executor, bucket="audio", enabled=True,
        )  # fmt: skip
        self.ending, self.ended = asyncio.Event(), asyncio.Event()

    async def _start(self, upload: Arriving, beginning: Any) -> None:
        try:
            await super()._start(upload, beginning)
        finally:
            self.ending.set()
            await self.ended.wait()


async def chunks(count: int) -> AsyncIterator[bytes]:
    """Yield chunks of 1 MiB."""
    for _ in range(count):
        yield bytes(MIB)
        await asyncio.sleep(0)


@pytest.fixture
def executor() -> Deferred:
    return Deferred()


@pytest.fixture
async def starts(executor: Deferred) -> Lingering:
    return Lingering(executor=executor)


@pytest.fixture
def arriving() -> Arriving:
    request = UploadRequest(
        filename="talk.wav",
        options=ProcessingOptions(),
        auto_start=True,
        priority=0,
        request_id=None,
    )
    return Arriving(transcription_id=1, owner=Identity(workspace_id="w"), request=request)


async def test_no_more_is_held_while_a_beginning_waits_to_be_examined(
    starts: Lingering, executor: Deferred, arriving: Arriving
) -> None:
    starts.ended.set()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        async with aclosing(starts.watched(arriving, chunks(101))) as watched:
            for _ in range(100):
                await anext(watched)
            held, _ = tracemalloc.get_traced_memory()
            await executor.asked()
    finally:
        tracemalloc.stop()
    assert 31 * MIB < held - before < 34 * MIB


async def test_no_more_is_examined_than_the_first_part_needs(
    starts: Lingering, executor: Deferred, arriving: Arriving
) -> None:
    starts.ended.set()
    async with aclosing(starts.watched(arriving, chunks(101))) as watched:
        for _ in range(100):
            await anext(watched)
        first, seconds = await executor.asked()
        seconds.set_result(10.0)
        second, _ = await executor.asked()
    assert first <= MIB
    assert NEEDED_SECONDS / 10.0 < second / first < 1.1 * NEEDED_SECONDS / 10.0


async def test_the_cancellation_of_an_upload_is_not_lost(
    starts: Lingering, executor: Deferred, arriving: Arriving
) -> None:
    async def upload() -> None:
        async for _ in starts.watched(arriving, chunks(1)):
            await executor.asked()

    uploading = asyncio.create_task(upload())
    async with asyncio.timeout(60):
        await starts.ending.wait()
    uploading.cancel()
    await asyncio.wait([uploading], timeout=10)
    starts.ended.set()
    assert uploading.cancelled()
