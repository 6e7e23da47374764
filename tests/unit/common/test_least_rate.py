"""Least rate of incoming streams."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from common import least_rate
from common.errors import TimedOutError
from common.least_rate import LeastRate, with_least_rate

ERROR = TimedOutError("Too slow.")
PATIENT = LeastRate(bytes_per_second=1024, patience_seconds=30)


async def test_all_chunks_of_a_steady_stream_pass() -> None:
    async def steady() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    passed = with_least_rate(steady(), PATIENT, ERROR)
    assert [chunk async for chunk in passed] == [b"one", b"two"]


async def test_chunks_pass_until_the_stream_is_idle() -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.Event().wait()

    rate = LeastRate(bytes_per_second=1, patience_seconds=0.05)
    passed = with_least_rate(stalling(), rate, ERROR)
    assert await anext(passed) == b"one"
    with pytest.raises(TimedOutError) as caught:
        await anext(passed)
    assert caught.value is ERROR


class Clock:
    """Clock that a stream moves on."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("pauses", "size", "taken"),
    [
        ([9.0] * 40, 9 * 1024, 40),  # exactly the rate
        ([9.0] * 40, 8 * 1024, 22),  # a second behind per chunk
        ([1.0] * 100, 1, 30),  # trickling
        ([0.0] * 50 + [31.0], 1024, 50),  # a fast start buys no longer pause
        ([29.0, 0.0, 0.0, 29.0], 15 * 1024, 4),
    ],
)
async def test_average_must_keep_up(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float], size: int, taken: int
) -> None:
    clock = Clock()
    monkeypatch.setattr(least_rate, "time", clock)

    async def slow() -> AsyncIterator[bytes]:
        for pause in pauses:
            clock.now += pause
            yield bytes(size)

    received = 0
    try:
        async for _ in with_least_rate(slow(), PATIENT, ERROR):
            received += 1
    except TimedOutError:
        pass
    assert received == taken


async def test_slow_consumer_is_not_blamed_on_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(least_rate, "time", clock)

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x"

    received = 0
    async for _ in with_least_rate(stream(), PATIENT, ERROR):
        clock.now += 1000
        received += 1
    assert received == 3


async def test_errors_of_the_stream_pass_through() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError("broken")

    passed = with_least_rate(failing(), PATIENT, ERROR)
    assert await anext(passed) == b"one"
    with pytest.raises(ValueError, match="broken"):
        await anext(passed)
