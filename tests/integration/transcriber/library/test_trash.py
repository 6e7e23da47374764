"""The trash."""

import datetime as dt

import pytest

from common.errors import ConflictError, NotFoundError, StateError
from common.objects import ObjectStore
from common.postgres import Database
from common.times import moment
from securetranscribe.v1 import queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import WorkerFactory, until
from tests.integration.transcriber.library.callers import Librarian, ids

_LONG_AGO = "UPDATE transcriptions SET trashed_at = trashed_at - interval '8 days'"
_STORED = "SELECT count(*) AS total FROM transcriptions"
_ERASURES = "SELECT reason FROM erasures"


@pytest.fixture
def librarian(api: Api, caller: Caller) -> Librarian:
    return Librarian(api, caller)


async def test_transcription_in_the_trash_is_found_only_there(librarian: Librarian) -> None:
    caller = librarian.caller
    kept, trashed = await caller.upload_id(), await caller.upload_id()
    answer = await librarian.call("TrashTranscription", transcription_id=trashed)
    shown = answer.transcription
    since = moment(shown.trash_time)
    assert moment(shown.keep_until_time) - since == dt.timedelta(days=7)
    with pytest.raises(NotFoundError):
        await caller.get(trashed)
    with pytest.raises(NotFoundError):
        await caller.start(trashed)
    with pytest.raises(NotFoundError):
        await librarian.update(trashed, favorite=True)
    assert ids(await librarian.page()) == [kept]
    trash = await librarian.call("ListTrash")
    assert (ids(trash), trash.total) == ([trashed], 1)
    await librarian.call("TrashTranscription", transcription_id=trashed)
    again = await librarian.call("ListTrash")
    assert moment(again.transcriptions[0].trash_time) == since


async def test_restored_transcription_is_as_before(librarian: Librarian) -> None:
    caller = librarian.caller
    number = await caller.upload_id()
    before = await caller.get(number)
    for _ in range(2):
        await librarian.call("TrashTranscription", transcription_id=number)
    for _ in range(2):
        await librarian.call("RestoreTranscription", transcription_id=number)
    assert await caller.get(number) == before
    assert (await librarian.call("ListTrash")).total == 0


async def test_trash_cancels_the_job_and_keeps_its_place_free(librarian: Librarian) -> None:
    caller = librarian.caller
    number = await caller.upload_id()
    job = await caller.start(number)
    await librarian.call("TrashTranscription", transcription_id=number)
    with pytest.raises(NotFoundError):
        await caller.job(job.job_id)
    listed = await caller.queue.ListJobs(queue_pb2.ListJobsRequest(), metadata=caller.metadata)
    assert (len(listed.jobs), listed.total) == (0, 0)
    assert (await caller.queue_status()).queued_jobs == 0
    await librarian.call("RestoreTranscription", transcription_id=number)
    assert (await caller.job(job.job_id)).status == queue_pb2.JOB_STATUS_CANCELLED
    assert (await caller.start(number)).status == queue_pb2.JOB_STATUS_QUEUED


async def test_trash_counts_in_the_storage(librarian: Librarian) -> None:
    caller = librarian.caller
    number = await caller.upload_id()
    before = (await caller.queue_status()).caller_quota.stored_bytes
    await librarian.call("TrashTranscription", transcription_id=number)
    assert before > 0
    assert (await caller.queue_status()).caller_quota.stored_bytes == before


async def test_repeated_upload_of_trashed_recording_is_refused(librarian: Librarian) -> None:
    caller = librarian.caller
    number = await caller.upload_id(request_id="once")
    await librarian.call("TrashTranscription", transcription_id=number)
    with pytest.raises((StateError, ConflictError), match="in the trash"):
        await caller.upload(request_id="once")
    await librarian.call("RestoreTranscription", transcription_id=number)
    assert await caller.upload_id(request_id="once") == number


async def test_trash_is_emptied_in_time(
    apis: ApiFactory, api: Api, database: Database, objects: ObjectStore
) -> None:
    librarian = Librarian(api, api.caller("a"))
    await librarian.caller.upload_id()
    number = await librarian.caller.upload_id()
    await librarian.call("TrashTranscription", transcription_id=number)
    await database.execute(_LONG_AGO)

    async def erased() -> bool:
        row = await database.fetch_one(_STORED)
        return row is not None and row["total"] == 1

    async with apis.run():
        # Another replica begins with the step at once.
        await until(erased)
    assert [row["reason"] for row in await database.fetch_all(_ERASURES)] == ["TRASH_DAYS"]

    async def gone() -> bool:
        return len(await objects.keys("audio")) == 1

    await until(gone)
    with pytest.raises(NotFoundError):
        await librarian.call("RestoreTranscription", transcription_id=number)


async def test_deletion_is_final_from_the_trash(librarian: Librarian, database: Database) -> None:
    number = await librarian.caller.upload_id()
    await librarian.call("TrashTranscription", transcription_id=number)
    await librarian.caller.delete(number)
    row = await database.fetch_one(_STORED)
    assert row is not None
    assert row["total"] == 0


async def test_trash_pages_by_cursor(librarian: Librarian) -> None:
    numbers = [await librarian.caller.upload_id() for _ in range(3)]
    for number in numbers:
        await librarian.call("TrashTranscription", transcription_id=number)
    first = await librarian.call("ListTrash", limit=2)
    rest = await librarian.call("ListTrash", limit=2, cursor=first.next_cursor)
    assert ids(first) + ids(rest) == numbers[::-1]
    assert rest.next_cursor == ""


async def test_transcript_in_the_trash_is_not_edited_or_read(
    librarian: Librarian, worker_factory: WorkerFactory
) -> None:
    caller = librarian.caller
    async with worker_factory.both():
        number = await caller.upload_id(auto_start=True)
        await caller.ended(number)
    await librarian.call("TrashTranscription", transcription_id=number)
    request = transcription_pb2.StreamTranscriptRequest(transcription_id=number)
    call = caller.transcriptions.StreamTranscript(request, metadata=caller.metadata)
    with pytest.raises(Exception, match="no such transcription"):
        await call.read()
    with pytest.raises(NotFoundError):
        await caller.assign(number, {"Speaker_1": "Ada"})
    await librarian.call("RestoreTranscription", transcription_id=number)
    assert len((await caller.get(number, full=True)).segments) > 0
