"""Bodies with chunks of captures, and the error about missing ones."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from limits import parse

from common.byte_rates import ByteRates
from common.errors import ResourceExhaustedError, StateError, TimedOutError, ValidationError
from common.identity import Grant
from common.least_rate import LeastRate
from common.limits import MAX_CHUNK_BYTES
from common.rate_limits import Group, RateLimitedError, RateLimits
from common.upload_places import PlaceLimits, UploadPlaces
from gateway.uploads.body import UploadBody
from gateway.uploads.chunk import ChunkBodies
from gateway.web.missing_chunks import MissingChunksError
from gateway.web.problems import problem

OWNER = Grant.of("session")
HALF = b"x" * (MAX_CHUNK_BYTES // 2)


def bodies(*, rate: str = "1000/minute", patience: float = 60.0) -> ChunkBodies:
    limits = PlaceLimits(total=1, per_session=1, per_address=1)
    return ChunkBodies(
        rate=LeastRate(bytes_per_second=1, patience_seconds=patience),
        places=UploadPlaces(limits),
        rates=ByteRates(RateLimits({Group.CHUNK: parse(rate)}, sessions_per_address=100)),
    )


def body(pieces: AsyncIterator[bytes], announced: int | None = None) -> UploadBody:
    return UploadBody(address="10.0.0.1", content_type="", announced_bytes=announced, pieces=pieces)


async def sent(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def stalled() -> AsyncIterator[bytes]:
    yield b"begun"
    await asyncio.Event().wait()


async def test_whole_body() -> None:
    assert await bodies().read(OWNER, body(sent(b"ab", b"", b"c"))) == b"abc"
    assert await bodies().read(OWNER, body(sent(HALF, HALF))) == HALF + HALF
    assert await bodies().read(OWNER, body(sent())) == b""


@pytest.mark.parametrize("announced", [None, MAX_CHUNK_BYTES + 1])
async def test_too_large(announced: int | None) -> None:
    with pytest.raises(ValidationError) as caught:
        await bodies().read(OWNER, body(sent(HALF, HALF, b"x"), announced))
    assert caught.value.details == {"field": "body"}


async def test_stalled() -> None:
    with pytest.raises(TimedOutError):
        await bodies(patience=0.05).read(OWNER, body(stalled()))


async def test_too_much_in_a_minute() -> None:
    with pytest.raises(RateLimitedError):
        await bodies(rate="1/minute").read(OWNER, body(sent(HALF)))


async def test_one_at_a_time_and_again() -> None:
    reader = bodies()
    first = asyncio.create_task(reader.read(OWNER, body(stalled())))
    await asyncio.sleep(0)
    with pytest.raises(ResourceExhaustedError):
        await reader.read(OWNER, body(sent(b"x")))
    first.cancel()
    await asyncio.wait([first])
    assert await reader.read(OWNER, body(sent(b"x"))) == b"x"


def test_missing_chunks_are_numbers() -> None:
    told = StateError("Chunks are missing.", {"missing": "3,7"})

    response = problem(MissingChunksError(told))

    assert response.status_code == 409
    error = json.loads(bytes(response.body))["error"]
    assert (error["code"], error["details"]) == ("CONFLICT", {"missing": [3, 7]})
