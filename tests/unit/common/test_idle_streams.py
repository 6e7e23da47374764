"""Idle timeout of incoming streams."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from common.errors import TimedOutError
from common.idle_streams import with_idle_timeout

ERROR = TimedOutError("Nothing arrived.")


async def test_all_chunks_of_a_steady_stream_pass() -> None:
    async def steady() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    passed = with_idle_timeout(steady(), idle_seconds=30, error=ERROR)
    assert [chunk async for chunk in passed] == [b"one", b"two"]


async def test_chunks_pass_until_the_stream_is_idle() -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.Event().wait()

    passed = with_idle_timeout(stalling(), idle_seconds=0.05, error=ERROR)
    assert await anext(passed) == b"one"
    with pytest.raises(TimedOutError) as caught:
        await anext(passed)
    assert caught.value is ERROR


async def test_errors_of_the_stream_pass_through() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("broken")

    passed = with_idle_timeout(failing(), idle_seconds=30, error=ERROR)
    assert await anext(passed) == b"one"
    with pytest.raises(ValueError, match="broken"):
        await anext(passed)
