"""Deletion of transcriptions with all their data."""

import threading

import pytest

from common.erasure_ledger import PREFIX
from common.errors import NotFoundError
from common.objects import ObjectStore
from common.postgres import Database
from common.tasks.task import TaskControl
from securetranscribe.v1 import queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.fakes import Peers, WorkerFactory, until

_ROWS = """
SELECT (SELECT count(*) FROM transcriptions) + (SELECT count(*) FROM jobs)
     + (SELECT count(*) FROM tasks) + (SELECT count(*) FROM segments)
     + (SELECT count(*) FROM transcript_speakers) AS rows,
       (SELECT count(*) FROM deletions) AS deletions
"""


async def counts(database: Database) -> tuple[int, int]:
    row = await database.fetch_one(_ROWS)
    assert row is not None
    return row["rows"], row["deletions"]


async def results(objects: ObjectStore) -> list[str]:
    """Return the keys of results, without the ledger of erasures."""
    return [key for key in await objects.keys("results") if not key.startswith(PREFIX)]


async def test_deletion_removes_everything(
    caller: Caller,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    peers: Peers,
) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    await caller.assign(transcription_id, {"Speaker_1": "Ada"})

    async def cut() -> bool:
        row = await database.fetch_one("SELECT clips_due_at FROM transcriptions")
        return row == {"clips_due_at": None}

    # A clip that is stored during the deletion is removed a moment later, by the step that cuts it.
    await until(cut)
    assert any(key.endswith(".flac") for key in await objects.keys("results"))
    await caller.delete(transcription_id)
    assert await objects.keys("audio") == []
    assert await results(objects) == []
    assert await counts(database) == (0, 0)
    assert peers.speakers.decisions[transcription_id] == []
    with pytest.raises(NotFoundError):
        await caller.get(transcription_id)
    with pytest.raises(NotFoundError):
        await caller.delete(transcription_id)


async def test_deletion_removes_only_named_transcription(
    api: Api, caller: Caller, objects: ObjectStore
) -> None:
    kept = await api.caller("b").upload_id()
    gone = await caller.upload_id()
    await caller.delete(gone)
    assert await objects.keys("audio") == [f"{kept}/source"]


async def test_deletion_cancels_live_job(
    caller: Caller, worker_factory: WorkerFactory, database: Database, objects: ObjectStore
) -> None:
    begun, stopped, deleted = threading.Event(), threading.Event(), threading.Event()

    def stubborn(_task: queue_pb2.Task, control: TaskControl) -> bytes:
        """Write a result after the cancellation and the deletion."""
        begun.set()
        while not control.cancelled():
            threading.Event().wait(0.02)
        stopped.set()
        deleted.wait(timeout=60)
        return b"a late result"

    transcription_id = await caller.upload_id(auto_start=True)
    async with worker_factory.worker("transcribe", stubborn):

        async def running() -> bool:
            row = await database.fetch_one("SELECT 1 AS one FROM tasks WHERE state = 'running'")
            return begun.is_set() and row is not None

        await until(running)
        await caller.delete(transcription_id)

        async def cancelled() -> bool:
            return stopped.is_set()

        await until(cancelled)
        deleted.set()

        async def written() -> bool:
            return bool(await results(objects))

        await until(written)
    rows, deletions = await counts(database)
    assert (rows, deletions) == (0, 1)
    # The late pass is due in a quarter of an hour. Make it due now.
    await database.execute("UPDATE deletions SET due_at = now()")

    async def tidy() -> bool:
        return not await results(objects) and await counts(database) == (0, 0)

    await until(tidy)


async def test_deletion_continues_after_outage(
    caller: Caller,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    peers: Peers,
) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    peers.speakers.down = True
    await caller.delete(transcription_id)
    with pytest.raises(NotFoundError):
        await caller.get(transcription_id)
    assert await counts(database) == (0, 1)
    peers.speakers.down = False
    await database.execute("UPDATE deletions SET due_at = now()")

    async def tidy() -> bool:
        return await counts(database) == (0, 0)

    await until(tidy)
    assert peers.speakers.decisions[transcription_id] == []
    assert await results(objects) == []


async def test_watch_ends_with_deletion(caller: Caller) -> None:
    transcription_id = await caller.upload_id()
    request = transcription_pb2.WatchTranscriptionRequest(transcription_id=transcription_id)
    watch = aiter(caller.transcriptions.WatchTranscription(request, metadata=caller.metadata))
    await anext(watch)
    await caller.delete(transcription_id)
    with pytest.raises(Exception, match="NOT_FOUND"):
        await anext(watch)
