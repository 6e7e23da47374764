"""Native uploads that trickle, and too many of them at once."""

import asyncio
from typing import Any

import pytest

from common.client_stream import ClientStream
from common.errors import ApplicationError, ResourceExhaustedError, TimedOutError
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import transcription_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory
from tests.integration.transcriber.fakes import until, wav

TRICKLING = 40
_ROWS = "SELECT count(*) AS number FROM uploads"


async def trickle(api: Api, end: asyncio.Event) -> ApplicationError | None:
    """Upload byte by byte until the end. Return the service's error."""
    caller = api.caller("a")
    request = transcription_pb2.UploadTranscriptionRequest
    call = caller.transcriptions.UploadTranscription(metadata=caller.metadata)
    stream: ClientStream[Any, Any] = ClientStream(call)
    config = transcription_pb2.UploadConfig(filename="a.wav", language="en", auto_start=False)
    try:
        await stream.write(request(config=config))
        await stream.write(request(chunk=wav(1.0)))
        while not end.is_set() and await stream.write(request(chunk=b"x")):  # noqa: ASYNC110 - slowly
            await asyncio.sleep(0.05)
        await stream.answer()
    except ApplicationError as error:
        return error
    return None


async def uploads(database: Database) -> int:
    row = await database.fetch_one(_ROWS)
    assert row is not None
    return int(row["number"])


async def test_trickling_uploads_stop_nobody_and_leave_nothing(
    apis: ApiFactory, database: Database, objects: ObjectStore
) -> None:
    slow = {"upload_idle_seconds": 12, "upload_least_rate": 100_000}
    async with apis.run(**slow, uploads_per_session=TRICKLING) as api:
        sending = [asyncio.create_task(trickle(api, asyncio.Event())) for _ in range(TRICKLING)]

        async def all_begun() -> bool:
            return await uploads(database) == TRICKLING

        await until(all_begun)
        kept = await api.caller("b").upload_id()
        assert not any(one.done() for one in sending)
        errors = await asyncio.gather(*sending)
        assert {type(error) for error in errors} == {TimedOutError}
        assert "slower than 97.7 KiB per second" in str(errors[0])

        async def tidy() -> bool:
            left = await objects.keys("audio")
            return not await uploads(database) and left == [f"{kept}/source"]

        await until(tidy)


@pytest.mark.parametrize("limit", ["uploads_per_session", "uploads_per_address", "uploads_at_once"])
async def test_uploads_at_once_are_limited(
    apis: ApiFactory, database: Database, limit: str
) -> None:
    async with apis.run(**{limit: 2}) as api:
        end = asyncio.Event()
        sending = [asyncio.create_task(trickle(api, end)) for _ in range(2)]

        async def begun() -> bool:
            return await uploads(database) == 2

        await until(begun)
        assert isinstance(await trickle(api, end), ResourceExhaustedError)
        end.set()
        await asyncio.gather(*sending)
        assert await api.caller("a").upload_id() > 0
