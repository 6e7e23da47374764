"""Long recordings that are processed in parts."""

import asyncio
import contextlib
import threading
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from common.errors import AudioProcessingError
from common.postgres import Database
from common.times import seconds
from securetranscribe.v1 import queue_pb2, speech_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Caller
from tests.integration.transcriber.fakes import (
    WorkerFactory,
    diarization,
    fails,
    gives,
    recognition,
    until,
    wav,
)
from tests.integration.transcriber.streams import results_taken
from transcriber.store.vocabulary import earlier_phrases

COMPLETED = transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
FAILED = transcription_pb2.TRANSCRIPTION_STATUS_FAILED
TRANSCRIBE, DIARIZE = queue_pb2.STAGE_TRANSCRIBE, queue_pb2.STAGE_DIARIZE
LENGTH = 500.0
#: One word in each of these seconds.
SPOKEN = {second: f"word{second}" for second in range(5, int(LENGTH), 10)}
TEXT = " ".join(SPOKEN.values())
ONE_SPEAKER = diarization(("Speaker_1", 0.0, LENGTH))


def heard(task: queue_pb2.Task, _control: Any = None) -> bytes:
    """Return a recognition of what a task hears."""
    start, end = seconds(task.heard.start), seconds(task.heard.end)
    found: speech_pb2.Recognition = recognition(
        *((float(at), word) for at, word in SPOKEN.items() if start <= at < end - 0.4)
    )
    return found.SerializeToString()


class Gate:
    """A recognizer that waits with all parts but the first until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def __call__(self, task: queue_pb2.Task, _control: Any) -> bytes:
        if task.part_index:
            self._open.wait(60)
        return heard(task)


@pytest.fixture
def recording() -> bytes:
    return wav(LENGTH, rate=2000)


async def test_parts_become_one_transcript(
    caller: Caller, recording: bytes, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(heard, ONE_SPEAKER):
        found = await caller.ended(await caller.upload_id(recording, auto_start=True))
    assert found.status == COMPLETED, found.failure
    assert found.full_text == TEXT
    tasks = [task for task in worker_factory.done if task.WhichOneof("work") == "transcribe"]
    assert [task.part_index for task in tasks] == list(range(tasks[0].part_count))
    assert len(tasks) > 2
    cores = [(seconds(task.range.start), seconds(task.range.end)) for task in tasks]
    assert cores[0][0] == 0.0
    assert cores[-1][1] == LENGTH
    assert [end for _, end in cores[:-1]] == [start for start, _ in cores[1:]]
    assert not found.HasField("partial_transcript")


async def test_text_appears_part_by_part(
    caller: Caller, recording: bytes, worker_factory: WorkerFactory, database: Database
) -> None:
    gate = Gate()
    watched: list[transcription_pb2.WatchTranscriptionResponse] = []
    async with worker_factory.both(gate, ONE_SPEAKER):
        transcription_id = await caller.upload_id(recording, auto_start=True)

        async def watch() -> None:
            request = transcription_pb2.WatchTranscriptionRequest(transcription_id=transcription_id)
            call = caller.transcriptions.WatchTranscription(request, metadata=caller.metadata)
            async for response in call:
                watched.append(response)  # noqa: PERF401 - read while it grows

        async def shown() -> Any:
            found = await caller.get(transcription_id, full=True)
            return found.HasField("partial_transcript") and found.partial_transcript

        async def seen() -> bool:
            return any(response.partial_transcript.segments for response in watched)

        watching = asyncio.create_task(watch())
        try:
            partial = await until(shown)
            # It shows the text of a live job only, and reads it a moment later.
            await until(seen)
        finally:
            gate.open()
        assert [segment.text for segment in partial.segments] == [
            word for at, word in SPOKEN.items() if at < 56
        ]
        assert seconds(partial.covered) == 56.0
        await caller.ended(transcription_id)
        await watching
    texts = [
        segment.text for response in watched for segment in response.partial_transcript.segments
    ]
    # The last parts may have become visible only with the transcript.
    assert texts[:5] == list(SPOKEN.values())[:5]
    assert texts == list(SPOKEN.values())[: len(texts)]
    assert await database.fetch_all("SELECT 1 AS one FROM partial_transcripts") == []


async def test_only_failed_parts_run_again(
    caller: Caller, recording: bytes, worker_factory: WorkerFactory, client: Any
) -> None:
    def third_fails(task: queue_pb2.Task, _control: Any) -> bytes:
        if task.part_index == 2:
            raise AudioProcessingError("The third part cannot be read.")
        return heard(task)

    async with worker_factory.both(third_fails, ONE_SPEAKER):
        transcription_id = await caller.upload_id(recording, auto_start=True)
        found = await caller.ended(transcription_id)
    assert found.status == FAILED
    assert found.failure.message == "The third part cannot be read."
    done = {task.part_index for task in worker_factory.done if task.HasField("transcribe")}
    # The worker may have done another part before the job failed.
    await results_taken(client)
    worker_factory.done.clear()
    async with worker_factory.both(heard, ONE_SPEAKER):
        await caller.start(transcription_id)
        found = await caller.ended(transcription_id)
    assert found.status == COMPLETED
    assert found.full_text == TEXT
    again = {task.part_index for task in worker_factory.done if task.HasField("transcribe")}
    assert 2 in again
    assert not again & done


async def test_a_cancelled_repetition_leaves_the_earlier_parts(
    caller: Caller, recording: bytes, worker_factory: WorkerFactory
) -> None:
    """Later jobs use all parts of the complete recognition, not one of the cancelled one."""
    async with worker_factory.both(heard, ONE_SPEAKER):
        transcription_id = await caller.upload_id(recording, auto_start=True)
        await caller.ended(transcription_id)
    gate = Gate()
    async with contextlib.AsyncExitStack() as workers:
        for _ in range(2):
            # Two idle workers get another number of parts.
            await workers.enter_async_context(worker_factory.worker("transcribe", gate))

        async def idle() -> bool:
            return (await caller.queue_status()).transcribe_workers == 2

        await until(idle)
        worker_factory.done.clear()
        job = await caller.start(transcription_id, stages=[TRANSCRIBE])

        async def first_done() -> bool:
            return bool(worker_factory.done)

        await until(first_done)
        await caller.cancel(job.job_id)
        gate.open()
    worker_factory.done.clear()
    async with worker_factory.both(heard, ONE_SPEAKER):
        await caller.start(transcription_id, stages=[DIARIZE])
        found = await caller.ended(transcription_id)
    assert found.full_text == TEXT
    assert {task.WhichOneof("work") for task in worker_factory.done} == {"diarize"}


async def test_parts_are_shared_by_workers(
    caller: Caller, recording: bytes, worker_factory: WorkerFactory
) -> None:
    """No worker takes a second part while another one waits."""
    together = threading.Barrier(2)

    def at_once(task: queue_pb2.Task, _control: Any) -> bytes:
        if task.part_index < 2:
            together.wait(30)
        return heard(task)

    async with contextlib.AsyncExitStack() as workers:
        for _ in range(2):
            await workers.enter_async_context(worker_factory.worker("transcribe", at_once))
        await workers.enter_async_context(worker_factory.worker("diarize", gives(ONE_SPEAKER)))
        found = await caller.ended(await caller.upload_id(recording, auto_start=True))
    assert found.full_text == TEXT


async def test_failed_diarization_of_parts_leaves_the_words(
    caller: Caller, recording: bytes, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(heard, fails(AudioProcessingError("It broke."))):
        found = await caller.ended(await caller.upload_id(recording, auto_start=True))
    assert found.status == COMPLETED
    assert found.full_text == TEXT
    assert found.warnings[0].endswith("Reason: It broke.")


_DONE = """
INSERT INTO tasks (task_id, job_id, transcription_id, stage, part, state, options, result_key,
                   ended_at)
SELECT gen_random_uuid(), job_id, transcription_id, 'transcribe', 7, 'done', %s, 'key', now()
FROM jobs
"""


async def test_phrases_of_parts_are_those_of_the_recognition(
    caller: Caller, database: Database
) -> None:
    """A later change of the vocabulary does not have it repeated."""
    await caller.start(await caller.upload_id())
    options = {"language": "en", "signals": []}
    part = {"start": 0, "end": 60, "number": 0, "count": 2}
    stored = {**options, "phrases": ["Quux"], "part": part}
    await database.execute(_DONE, (Jsonb(stored),))
    row = await database.fetch_one("SELECT transcription_id FROM jobs")
    assert row is not None
    async with database.transaction() as connection:
        found = await earlier_phrases(
            connection, row["transcription_id"], {**options, "phrases": ["Other"]}
        )
    assert found == ("Quux",)
