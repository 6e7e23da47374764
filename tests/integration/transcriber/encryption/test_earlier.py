"""Encryption of recordings that were stored before encryption was on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from common.admin import ADMIN_HEADER
from common.errors import AuthorizationError, StateError
from common.grpc_client import unwrap
from common.objects import ObjectStore
from common.postgres import Database
from securetranscribe.v1 import admin_pb2, admin_pb2_grpc, transcription_pb2
from tests.integration.transcriber.conftest import ADMIN_TOKEN, Api, ApiFactory
from tests.integration.transcriber.encryption.encrypted import (
    KEYS,
    MARK,
    contents,
    download,
    ring,
)
from tests.integration.transcriber.fakes import WorkerFactory, until, wav
from transcriber.encryption.earlier import EncryptionStep, remove_leftovers

ADMINISTRATOR = ((ADMIN_HEADER, ADMIN_TOKEN),)
_LEFT_LONG_AGO = "UPDATE plain_leftovers SET remove_at = now()"
_NAMES = """
SELECT source_key AS key FROM transcriptions
UNION SELECT playback_key FROM transcriptions UNION SELECT clip_key FROM transcript_speakers
UNION SELECT result_key FROM tasks
"""


@pytest.fixture
async def earlier(database: Database) -> AsyncIterator[None]:
    """Let encryption begin now, after what a test stores with it turned off."""
    yield
    await database.execute("UPDATE encryption SET begins_at = 'epoch', requested_at = NULL")
    await database.execute("TRUNCATE plain_leftovers")


async def turned_on(database: Database) -> None:
    """Leave everything as a version without encryption did."""
    await database.execute("TRUNCATE data_keys")
    await database.execute("UPDATE encryption SET begins_at = now()")


async def named(database: Database) -> set[str]:
    """Return the names of objects in the tables."""
    return {row["key"] for row in await database.fetch_all(_NAMES) if row["key"]}


async def ask(api: Api, method: str, metadata: Any = ADMINISTRATOR) -> admin_pb2.EncryptionFigures:
    stub = admin_pb2_grpc.AdminServiceStub(api.channel)
    request = getattr(admin_pb2, f"{method}Request")()
    answer = await unwrap(getattr(stub, method)(request, metadata=metadata))
    figures: admin_pb2.EncryptionFigures = answer.figures
    return figures


async def encrypted(api: Api) -> admin_pb2.EncryptionFigures:
    """Have everything encrypted, and wait for it."""
    await ask(api, "EncryptRecordings")

    async def ended() -> admin_pb2.EncryptionFigures | None:
        figures = await ask(api, "GetEncryptionFigures")
        return None if figures.running else figures

    found: admin_pb2.EncryptionFigures = await until(ended, seconds=240)
    return found


def step(database: Database, store: ObjectStore) -> EncryptionStep:
    """Return the step of another api."""
    return EncryptionStep(
        database, store, ring(database), bucket_audio="audio", bucket_results="results"
    )


@pytest.mark.usefixtures("earlier")
async def test_earlier_recordings_are_encrypted_and_stay_readable(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database, stored: ObjectStore
) -> None:
    data, long = wav(20.0), wav(200.0)
    async with apis.run(encryption=False, encryption_key="") as api:
        caller = api.caller()
        number = await caller.upload_id(data, auto_start=True)
        async with worker_factory.both():
            before = await caller.ended(number)
        other = await api.caller("b").upload_id(long)

        async def cut() -> bool:
            query = "SELECT FROM transcriptions WHERE clips_due_at IS NOT NULL"
            return await database.fetch_one(query) is None

        await until(cut, seconds=60)
    await turned_on(database)
    plain = await contents(stored)
    # Results of tasks are removed once they are merged.
    gone = await named(database) - plain.keys()
    async with apis.run() as api:
        caller = api.caller()
        request = transcription_pb2.DownloadRecordingRequest(transcription_id=other)
        theirs = api.caller("b")
        call = theirs.transcriptions.DownloadRecording(request, metadata=theirs.metadata)
        reading = aiter(call)
        first = await anext(reading)
        figures = await encrypted(api)
        assert (figures.encrypted, figures.plain, figures.set_aside) == (2, 0, 0)
        assert figures.plain_leftovers == len(plain)
        # A read that began before goes on.
        assert first.chunk + b"".join([one.chunk async for one in reading]) == long
        assert await download(caller, number) == data
        assert await download(theirs, other) == long
        after = await caller.get(number, full=True)
        assert [one.text for one in after.segments] == [one.text for one in before.segments]
        await database.execute(_LEFT_LONG_AGO)
        await remove_leftovers(database, stored)
        objects = await contents(stored)
        assert len(objects) == len(plain)
        assert not objects.keys() & plain.keys()
        for key, content in objects.items():
            assert MARK not in content, key
            assert b"fLaC" not in content, key
        assert len(await named(database) - objects.keys()) == len(gone)
        assert await download(caller, number) == data
        # Another job of it is encrypted as usual, and what is deleted leaves nothing.
        for one, owner in ((number, caller), (other, theirs)):
            await owner.delete(one)
        assert await contents(stored) == {}
        assert await database.fetch_all(KEYS) == []


@pytest.mark.usefixtures("earlier")
async def test_recordings_in_use_wait_and_go_on_from_there(
    apis: ApiFactory, database: Database, stored: ObjectStore, objects: ObjectStore
) -> None:
    data = wav(6.0)
    async with apis.run(encryption=False, encryption_key="") as api:
        number = await api.caller().upload_id(data)
    await turned_on(database)
    async with apis.run() as api:
        caller = api.caller()
        job = await caller.start(number)
        await step(database, objects).handle(number)
        figures = await ask(api, "GetEncryptionFigures")
        assert (figures.encrypted, figures.plain, figures.busy) == (0, 1, 1)
        # The copy is there already, and the plain object is still the one in use.
        assert set(await contents(stored)) == {f"{number}/source", f"{number}/sealed/source"}
        assert await download(caller, number) == data
        copy = await stored.get("audio", f"{number}/sealed/source")
        await caller.cancel(job.job_id)
        await encrypted(api)
        assert await download(caller, number) == data
        assert await stored.get("audio", f"{number}/sealed/source") == copy


@pytest.mark.usefixtures("earlier")
async def test_what_is_deleted_meanwhile_leaves_nothing(
    apis: ApiFactory, database: Database, stored: ObjectStore, objects: ObjectStore
) -> None:
    async with apis.run(encryption=False, encryption_key="") as api:
        numbers = [await api.caller().upload_id(wav(6.0)) for _ in range(2)]
    await turned_on(database)
    async with apis.run() as api:
        await api.caller().start(numbers[0])
        for number in numbers:
            await step(database, objects).handle(number)
            await api.caller().delete(number)
        assert await contents(stored) == {}
        # A late attempt makes nothing again.
        await asyncio.gather(*(step(database, objects).handle(number) for number in numbers))
        assert await contents(stored) == {}


@pytest.mark.usefixtures("earlier")
async def test_only_administrators_begin_it_and_only_with_a_key(apis: ApiFactory) -> None:
    async with apis.run(encryption=False, encryption_key="") as api:
        await api.caller().upload_id()
        with pytest.raises(StateError, match="ENCRYPTION=on"):
            await ask(api, "EncryptRecordings")
        assert not (await ask(api, "GetEncryptionFigures")).running
        for method in ("EncryptRecordings", "GetEncryptionFigures"):
            with pytest.raises(AuthorizationError):
                await ask(api, method, api.caller().metadata)
