"""Recognition of the first part while the upload is in progress."""

import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from common.client_stream import ClientStream
from common.errors import AudioProcessingError
from common.objects import ObjectStore
from common.postgres import Database
from common.tasks.task import TaskCancelledError, TaskControl
from common.times import seconds
from securetranscribe.v1 import queue_pb2, transcription_pb2, upload_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import (
    WorkerFactory,
    chunked,
    diarization,
    recognition,
    until,
    wav,
)
from tests.integration.transcriber.recordings.test_playback import Player
from tests.integration.transcriber.recordings.test_playback import workers as listening_workers
from tests.integration.transcriber.resumable.uploading import Uploads
from transcriber.queue.early_parts import EarlyPartStep
from transcriber.store.early_parts import EarlyParts
from transcriber.wakeups import WakeUps

COMPLETED = transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
LENGTH = 500.0
SPOKEN = {second: f"word{second}" for second in range(5, int(LENGTH), 10)}
TEXT = " ".join(SPOKEN.values())
ONE_SPEAKER = diarization(("Speaker_1", 0.0, LENGTH))
_FIRST_TASK = "SELECT state FROM tasks WHERE stage = 'transcribe' AND part = 0"
_UPLOAD = """
INSERT INTO uploads (transcription_id, session_id, workspace_id, source_key, auto_start, touched_at)
VALUES (7, 's', 's', '7/source', true, now() - make_interval(secs => %s))
"""
_PART = """
INSERT INTO early_parts (transcription_id, workspace_id, task_id, job_id, options, audio_key,
                         result_key, sound, state)
VALUES (7, 's', gen_random_uuid(), 'job_7', '{}', '7/beginning', '7/early.pb', '', 'done')
"""
_Request = transcription_pb2.UploadTranscriptionRequest
Pause = Callable[[], Awaitable[Any]]


def heard(task: queue_pb2.Task, _control: Any = None) -> bytes:
    """Return a recognition of what a task hears."""
    start, end = seconds(task.heard.start), seconds(task.heard.end)
    found = recognition(
        *((float(at), word) for at, word in SPOKEN.items() if start <= at < end - 0.4)
    )
    data: bytes = found.SerializeToString()
    return data


class Held:
    """A recognizer that holds the first part until it is opened or stopped."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun: list[queue_pb2.Task] = []
        self.stopped = False

    def __call__(self, task: queue_pb2.Task, control: TaskControl) -> bytes:
        self.begun.append(task)
        if task.part_index == 0 and task.HasField("range"):
            while not self.open.wait(0.05):
                if control.cancelled():
                    self.stopped = True
                    raise TaskCancelledError
        return heard(task)

    async def working(self) -> bool:
        return bool(self.begun)


@pytest.fixture(scope="module")
def recording() -> bytes:
    return wav(LENGTH, rate=2000)


async def upload(
    caller: Caller,
    data: bytes,
    pause: Pause,
    *,
    late: transcription_pb2.UploadOptions | None = None,
    auto_start: bool = True,
) -> int:
    """Upload a file with a pause before its last tenth. Return the transcription's id."""
    call = caller.transcriptions.UploadTranscription(metadata=caller.metadata)
    stream: ClientStream[Any, Any] = ClientStream(call)
    config = transcription_pb2.UploadConfig(
        filename="talk.wav", language="en", auto_start=auto_start
    )
    try:
        await stream.write(_Request(config=config))
        most = len(data) * 9 // 10
        for chunk in chunked(data[:most]):
            await stream.write(_Request(chunk=chunk))
        await pause()
        await stream.write(_Request(chunk=data[most:]))
        if late is not None:
            await stream.write(_Request(options=late))
        return int((await stream.answer()).transcription.transcription_id)
    finally:
        stream.cancel()


def first_parts(tasks: list[queue_pb2.Task]) -> list[queue_pb2.Task]:
    """Return the tasks of recognizers with the first part."""
    return [task for task in tasks if task.HasField("transcribe") and not task.part_index]


async def workers_known(api: Api) -> None:
    """Wait until the api has heard of a worker of each stage."""

    async def known() -> bool:
        status = await api.caller().queue_status()
        return bool(status.transcribe_workers and status.diarize_workers)

    await until(known)


def step(database: Database, objects: ObjectStore, client: Any) -> EarlyPartStep:
    """Return the step of another replica, for which no worker is late."""
    return EarlyPartStep(
        database,
        objects,
        client.jetstream(),
        WakeUps(),
        bucket_audio="audio",
        bucket_results="results",
        late_seconds=0,
    )


async def parts(database: Database) -> list[dict[str, Any]]:
    return list(await database.fetch_all("SELECT * FROM early_parts"))


async def test_the_first_part_is_done_before_the_upload_ends(
    api: Api,
    recording: bytes,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
) -> None:
    async with worker_factory.both(heard, ONE_SPEAKER):
        await workers_known(api)

        async def done() -> bool:
            return [part["state"] for part in await parts(database)] == ["done"]

        transcription_id = await upload(api.caller(), recording, lambda: until(done))
        found = await api.caller().ended(transcription_id)
        assert found.status == COMPLETED, found.failure
        assert found.full_text == TEXT

        async def removed() -> bool:
            return not await parts(database)

        await until(removed)
    (first,) = first_parts(worker_factory.done)
    assert first.audio_key == f"{transcription_id}/beginning"
    assert first.job_id == found.job_id
    assert await objects.keys("audio") == [f"{transcription_id}/source"]


async def test_a_part_that_is_not_done_yet_goes_on(
    api: Api, recording: bytes, worker_factory: WorkerFactory, database: Database
) -> None:
    held = Held()
    async with worker_factory.both(held, ONE_SPEAKER):
        await workers_known(api)
        transcription_id = await upload(api.caller(), recording, lambda: until(held.working))
        row = await database.fetch_one(
            "SELECT * FROM tasks WHERE stage = 'transcribe' AND part = 0"
        )
        assert row is not None
        assert row["state"] in {"released", "running"}
        held.open.set()
        found = await api.caller().ended(transcription_id)
    assert found.full_text == TEXT
    assert len(first_parts(worker_factory.done)) == 1


async def test_words_are_the_same_without_an_early_start(
    apis: ApiFactory, recording: bytes, worker_factory: WorkerFactory, database: Database
) -> None:
    async def pause() -> None:
        assert await parts(database) == []

    async with (
        apis.run(start_early=False) as api,
        worker_factory.both(heard, ONE_SPEAKER),
    ):
        await workers_known(api)
        found = await api.caller().ended(await upload(api.caller(), recording, pause))
    assert found.full_text == TEXT
    (first,) = first_parts(worker_factory.done)
    assert first.audio_key.endswith("/source")


async def test_a_recording_that_is_only_stored_is_not_begun(
    api: Api, recording: bytes, worker_factory: WorkerFactory, database: Database
) -> None:
    async def pause() -> None:
        assert await parts(database) == []

    async with worker_factory.both(heard, ONE_SPEAKER):
        await workers_known(api)
        await upload(api.caller(), recording, pause, auto_start=False)
    assert worker_factory.done == []


async def test_playback_copies_are_the_same(
    apis: ApiFactory, worker_factory: WorkerFactory, database: Database
) -> None:
    tone = wav(400.0, rate=4000)
    copies: list[bytes] = []
    for early in (True, False):

        async def pause(expected: list[str]) -> None:
            async def ready() -> bool:
                return [part["state"] for part in await parts(database)] == expected

            await until(ready)

        expected = ["done"] if early else []
        async with apis.run(start_early=early) as api, listening_workers(worker_factory):
            await workers_known(api)
            number = await upload(api.caller(), tone, partial(pause, expected))
            found = await api.caller().ended(number)
            assert found.status == COMPLETED, found.failure
            assert not found.warnings
            copies.append(await Player.of(api.channel, api.caller()).read(number))
    assert len(copies[0]) > 10_000
    assert copies[0] == copies[1]


async def test_other_options_after_the_file_repeat_the_part(
    api: Api, recording: bytes, worker_factory: WorkerFactory, database: Database
) -> None:
    held = Held()
    late = transcription_pb2.UploadOptions(language="de", auto_start=True)
    async with worker_factory.both(held, ONE_SPEAKER):
        await workers_known(api)

        async def begun() -> None:
            await until(held.working)
            held.open.set()

        transcription_id = await upload(api.caller(), recording, begun, late=late)
        found = await api.caller().ended(transcription_id)
    assert found.full_text == TEXT
    asked = [task.transcribe.config.language for task in first_parts(held.begun)]
    assert asked == ["en", "de"]
    (early,) = [task for task in held.begun if task.audio_key.endswith("/beginning")]
    assert early.job_id != found.job_id


async def test_a_refused_file_leaves_nothing(
    api: Api,
    recording: bytes,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    client: Any,
) -> None:
    held = Held()
    async with worker_factory.both(held, ONE_SPEAKER):
        await workers_known(api)
        cut_off = recording[: len(recording) * 8 // 10]
        with pytest.raises(AudioProcessingError):
            await upload(api.caller(), cut_off, lambda: until(held.working))

        async def stopped() -> bool:
            return held.stopped

        await until(stopped)
    await nothing_left(database, objects, client)


async def test_a_cancelled_upload_leaves_nothing(
    api: Api,
    recording: bytes,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    client: Any,
) -> None:
    held = Held()

    async def leave() -> None:
        await until(held.working)
        raise ConnectionAbortedError

    async with worker_factory.both(held, ONE_SPEAKER):
        await workers_known(api)
        with pytest.raises(ConnectionAbortedError):
            await upload(api.caller(), recording, leave)

        async def stopped() -> bool:
            return held.stopped

        await until(stopped)
    await nothing_left(database, objects, client)


async def test_a_result_stored_late_is_removed(
    api: Api,
    recording: bytes,
    worker_factory: WorkerFactory,
    database: Database,
    objects: ObjectStore,
    client: Any,
) -> None:
    async def leave() -> None:
        async def done() -> bool:
            return [part["state"] for part in await parts(database)] == ["done"]

        await until(done)
        raise ConnectionAbortedError

    async with worker_factory.both(heard, ONE_SPEAKER):
        await workers_known(api)
        with pytest.raises(ConnectionAbortedError):
            await upload(api.caller(), recording, leave)
    (row,) = await parts(database)

    async def withdrawn() -> bool:
        return all(part["withdrawn_at"] for part in await parts(database))

    await until(withdrawn)
    await objects.put("results", row["result_key"], b"late")
    await nothing_left(database, objects, client)


async def test_a_beginning_without_a_worker_is_removed(
    database: Database, objects: ObjectStore, client: Any
) -> None:
    await database.execute(_UPLOAD, (0,))
    await database.execute(_PART)
    await database.execute("UPDATE early_parts SET state = 'preparing'")
    await objects.put("audio", "7/beginning", b"sound")
    async with database.transaction() as connection:
        early = EarlyParts(connection)
        assert await early.outstanding() == 1
        assert await early.find(7) is None
        assert await early.give_way(5) == ["job_7"]
        assert not await early.release(7)
    await nothing_left(database, objects, client, uploads=1)


async def test_an_upload_whose_process_died_leaves_nothing(
    database: Database, objects: ObjectStore, client: Any
) -> None:
    await database.execute(_UPLOAD, (100,))
    await database.execute(_PART)
    await objects.put("audio", "7/beginning", b"sound")
    await objects.put("results", "7/early.pb", b"words")
    await step(database, objects, client).step()
    assert [part["dropped"] for part in await parts(database)] == [False]
    await database.execute("UPDATE uploads SET touched_at = now() - interval '1 hour'")
    await step(database, objects, client).step()
    assert await objects.keys("audio") == []
    assert await objects.keys("results") == []
    await step(database, objects, client).step()
    assert await parts(database) == []
    cancelled = await database.fetch_all("SELECT subject FROM outbox WHERE subject LIKE '%%job_7'")
    assert cancelled


async def nothing_left(
    database: Database, objects: ObjectStore, client: Any, *, uploads: int = 0
) -> None:
    """Wait until nothing of an early part is left."""

    async def gone() -> bool:
        await step(database, objects, client).step()
        left = await database.fetch_all("SELECT 1 AS one FROM uploads")
        return not await parts(database) and len(left) == uploads

    await until(gone)
    assert await objects.keys("audio") == []
    assert await objects.keys("results") == []


async def test_others_come_first(
    api: Api, recording: bytes, worker_factory: WorkerFactory, database: Database
) -> None:
    held = Held()
    async with worker_factory.both(held, ONE_SPEAKER):
        await workers_known(api)

        async def other() -> None:
            await until(held.working)
            found = await api.caller("b").upload(auto_start=True)
            await api.caller("b").ended(found.transcription.transcription_id)
            assert held.stopped
            held.open.set()

        found = await api.caller().ended(await upload(api.caller(), recording, other))
    assert found.full_text == TEXT
    assert [part.audio_key.rpartition("/")[2] for part in first_parts(worker_factory.done)] == [
        "source",
        "source",
    ]


async def test_a_busy_recognizer_begins_nothing(
    api: Api, recording: bytes, worker_factory: WorkerFactory, database: Database
) -> None:
    busy = threading.Event()
    begun: list[queue_pb2.Task] = []

    def slow(task: queue_pb2.Task, _control: TaskControl) -> bytes:
        begun.append(task)
        busy.wait(30)
        return heard(task)

    async def working() -> bool:
        return bool(begun)

    async def pause() -> None:
        assert await parts(database) == []
        busy.set()

    async with worker_factory.both(slow, ONE_SPEAKER):
        await workers_known(api)
        await api.caller("b").upload(auto_start=True)
        await until(working)
        found = await api.caller().ended(await upload(api.caller(), recording, pause))
    assert found.full_text == TEXT


async def test_uploads_in_pieces_begin_early_as_well(
    api: Api, recording: bytes, worker_factory: WorkerFactory
) -> None:
    held = Held()
    uploads = Uploads.of(api)
    async with worker_factory.both(held, ONE_SPEAKER):
        await workers_known(api)
        created = await uploads.create(len(recording), auto_start=True)
        stream = await uploads.begin(created.upload_id, 0)
        most = len(recording) * 9 // 10
        for chunk in chunked(recording[:most]):
            await stream.write(upload_pb2.AppendUploadRequest(chunk=chunk))
        await until(held.working)
        held.open.set()
        await stream.write(upload_pb2.AppendUploadRequest(chunk=recording[most:]))
        upload = (await stream.answer()).upload
        found = await api.caller().ended(upload.transcription_id)
    assert found.full_text == TEXT
    (first,) = first_parts(worker_factory.done)
    assert first.audio_key.endswith("/beginning")


async def test_a_part_lost_with_its_worker_is_done_again(
    api: Api, recording: bytes, worker_factory: WorkerFactory, database: Database
) -> None:
    held = Held()
    async with worker_factory.both(held, ONE_SPEAKER):
        await workers_known(api)
        transcription_id = await upload(api.caller(), recording, lambda: until(held.working))
    # The workers have returned their tasks.
    async with worker_factory.both(heard, ONE_SPEAKER):
        found = await api.caller().ended(transcription_id)
    assert found.full_text == TEXT
