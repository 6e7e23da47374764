"""Recordings that are processed again while people edit their transcripts."""

import asyncio
import threading
from typing import Any

import pytest

from common.errors import NotFoundError, StateError, TranscriptionError, ValidationError
from common.grpc_client import unwrap
from common.objects import ObjectStore
from common.postgres import Database
from common.tasks.task import TaskControl
from securetranscribe.v1 import (
    queue_pb2,
    reprocessing_pb2,
    reprocessing_pb2_grpc,
    transcript_pb2,
    transcript_pb2_grpc,
    transcription_pb2,
)
from tests.integration.transcriber.conftest import Api, Caller
from tests.integration.transcriber.fakes import (
    TWO_SPEAKERS,
    WorkerFactory,
    fails,
    gives,
    recognition,
)

AGAIN = recognition((0.0, "Good mourning."), (2.0, "Hallo to all."), model="whisper-next")
_NO_SOURCE = """
UPDATE transcriptions SET source_deleted_at = now(), source_erased = true WHERE id = %s
"""
_COPY = """
UPDATE transcriptions SET playback_key = 'copy.webm', playback_type = 'audio/webm',
    playback_bytes = 4, playback_channels = 1, playback_seconds = 4, peaks_key = 'copy.peaks'
WHERE id = %s
"""


class Client:
    """A session's client of the services for transcripts."""

    def __init__(self, api: Api, caller: Caller) -> None:
        self.caller = caller
        self._transcripts: Any = transcript_pb2_grpc.TranscriptServiceStub(api.channel)
        self._reprocessing: Any = reprocessing_pb2_grpc.ReprocessingServiceStub(api.channel)

    async def call(self, method: str, **fields: Any) -> Any:
        """Call a method with the fields of its request."""
        own = f"{method}Request"
        if hasattr(reprocessing_pb2, own):
            request, stub = getattr(reprocessing_pb2, own), self._reprocessing
        else:
            request, stub = getattr(transcript_pb2, own), self._transcripts
        call = getattr(stub, method)(request(**fields), metadata=self.caller.metadata)
        return await unwrap(call)

    async def words(self, transcription_id: int, revision: int = 0) -> list[Any]:
        """Return all words of a revision."""
        answer = await self.call(
            "ReadTranscript",
            transcription_id=transcription_id,
            revision=revision,
            include_words=True,
        )
        return [word for segment in answer.segments for word in segment.words]

    async def replace(self, transcription_id: int, old: str, new: str) -> int:
        """Replace a word. Return the new revision."""
        answer = await self.call(
            "ReadTranscript", transcription_id=transcription_id, include_words=True
        )
        word = next(
            word.word_id for part in answer.segments for word in part.words if word.text == old
        )
        operation = transcript_pb2.EditOperation(
            replace_words=transcript_pb2.ReplaceWords(
                first_word_id=word, last_word_id=word, text=new
            )
        )
        edited = await self.call(
            "EditTranscript",
            transcription_id=transcription_id,
            revision=answer.revision,
            operations=[operation],
        )
        return int(edited.revision)

    async def text(self, transcription_id: int, revision: int = 0) -> str:
        """Return the words of a revision."""
        return " ".join(word.text for word in await self.words(transcription_id, revision))


@pytest.fixture
def author(api: Api, caller: Caller) -> Client:
    return Client(api, caller)


async def _transcribed(author: Client, workers: WorkerFactory) -> int:
    transcription_id = await author.caller.upload_id(auto_start=True)
    async with workers.both():
        await author.caller.ended(transcription_id)
    return transcription_id


async def test_edits_survive_and_conflicts_are_listed(
    author: Client, worker_factory: WorkerFactory
) -> None:
    number = await _transcribed(author, worker_factory)
    await author.replace(number, "you.", "everybody.")
    with pytest.raises(StateError):
        await author.caller.start(number)
    answer = await author.call(
        "ReprocessTranscript", transcription_id=number, stages=[queue_pb2.STAGE_TRANSCRIBE]
    )
    assert answer.source == reprocessing_pb2.RECORDING_SOURCE_ORIGINAL
    assert answer.job.status == queue_pb2.JOB_STATUS_QUEUED
    # The transcript is read and edited while the job waits.
    assert await author.text(number) == "Good morning. Hello to everybody."
    await author.replace(number, "Hello", "Hi there")
    async with worker_factory.worker("transcribe", gives(AGAIN)):
        found = await author.caller.ended(number)
    assert found.speech_model == "whisper-next"
    assert await author.text(number) == "Good mourning. Hi there to everybody."
    listed = await author.call("ListConflicts", transcription_id=number)
    assert (listed.total, listed.open) == (2, 2)
    assert [(item.was, item.mine, item.machine, item.own) for item in listed.conflicts] == [
        ("Hello", "Hi there", "Hallo", True),
        ("you.", "everybody.", "all.", True),
    ]
    resolved = await author.call(
        "ResolveConflict",
        transcription_id=number,
        conflict_id=listed.conflicts[1].conflict_id,
        use=reprocessing_pb2.CONFLICT_SIDE_MACHINE,
    )
    assert resolved.conflict.resolved == reprocessing_pb2.CONFLICT_SIDE_MACHINE
    assert await author.text(number) == "Good mourning. Hi there to all."
    left = await author.call("ListConflicts", transcription_id=number, open_only=True)
    assert [item.mine for item in left.conflicts] == ["Hi there"]
    history = await author.call("ListRevisions", transcription_id=number)
    kinds = [(item.revision, item.kind, item.source_revision) for item in history.revisions]
    machine, edit = transcript_pb2.REVISION_KIND_MACHINE, transcript_pb2.REVISION_KIND_EDIT
    assert kinds == [
        (7, edit, 0),
        (6, edit, 3),
        (5, edit, 2),
        (4, machine, 0),
        (3, edit, 0),
        (2, edit, 0),
        (1, machine, 0),
    ]
    assert await author.text(number, 3) == "Good morning. Hi there to everybody."
    await author.call("RestoreRevision", transcription_id=number, revision=3)
    assert await author.text(number) == "Good morning. Hi there to everybody."


async def test_transcript_stays_if_the_job_fails_or_is_cancelled(
    author: Client, worker_factory: WorkerFactory
) -> None:
    number = await _transcribed(author, worker_factory)
    await author.replace(number, "you.", "everybody.")
    await author.call("ReprocessTranscript", transcription_id=number)
    async with (
        worker_factory.worker("transcribe", fails(TranscriptionError("No."))),
        worker_factory.worker("diarize", gives(TWO_SPEAKERS)),
    ):
        found = await author.caller.ended(number)
    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
    assert found.failure.message == "No."
    assert found.full_text == "Good morning. Hello to everybody."
    queued = await author.call("ReprocessTranscript", transcription_id=number)
    await author.caller.cancel(queued.job.job_id)
    found = await author.caller.get(number, full=True)
    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
    assert found.full_text == "Good morning. Hello to everybody."
    assert await author.text(number, 1) == "Good morning. Hello to you."


async def test_edits_that_arrive_while_the_job_runs_are_kept(
    author: Client, worker_factory: WorkerFactory
) -> None:
    number = await _transcribed(author, worker_factory)
    begun, edited = threading.Event(), threading.Event()

    def slow(_task: queue_pb2.Task, control: TaskControl) -> bytes:
        control.progress(0.1, "Begun")
        begun.set()
        assert edited.wait(30)
        return AGAIN.SerializeToString()

    await author.call(
        "ReprocessTranscript", transcription_id=number, stages=[queue_pb2.STAGE_TRANSCRIBE]
    )
    async with worker_factory.worker("transcribe", slow):
        await asyncio.to_thread(begun.wait, 30)
        await author.replace(number, "morning.", "evening.")
        edited.set()
        await author.caller.ended(number)
    assert await author.text(number) == "Good evening. Hallo to all."


async def test_playback_copy_is_read_when_the_recording_is_gone(
    author: Client, worker_factory: WorkerFactory, database: Database, objects: ObjectStore
) -> None:
    number = await _transcribed(author, worker_factory)
    await database.execute(_NO_SOURCE, (number,))
    with pytest.raises(StateError, match="Upload it again"):
        await author.call("ReprocessTranscript", transcription_id=number)
    await objects.put("results", "copy.webm", b"copy")
    await database.execute(_COPY, (number,))
    answer = await author.call("ReprocessTranscript", transcription_id=number)
    assert answer.source == reprocessing_pb2.RECORDING_SOURCE_PLAYBACK
    worker_factory.done.clear()
    async with (
        worker_factory.worker("transcribe", gives(AGAIN)),
        worker_factory.worker("diarize", gives(TWO_SPEAKERS)),
    ):
        await author.caller.ended(number)
    assert len(worker_factory.done) == 2
    for task in worker_factory.done:
        assert "/results/copy.webm" in task.audio_url
        assert not task.playback_url
    assert await author.text(number) == "Good mourning. Hallo to all."


async def test_invalid_requests_are_refused(
    api: Api, author: Client, worker_factory: WorkerFactory
) -> None:
    number = await author.caller.upload_id()
    with pytest.raises(StateError, match="no transcript"):
        await author.call("ReprocessTranscript", transcription_id=number)
    with pytest.raises(ValidationError):
        await author.call("ListConflicts", transcription_id=number, limit=1001)
    with pytest.raises(ValidationError):
        await author.call("ResolveConflict", transcription_id=number, conflict_id=1)
    other = Client(api, api.caller("b"))
    for method, fields in (
        ("ReprocessTranscript", {}),
        ("ListConflicts", {}),
        ("ResolveConflict", {"conflict_id": 1, "use": reprocessing_pb2.CONFLICT_SIDE_MINE}),
    ):
        with pytest.raises(NotFoundError):
            await other.call(method, transcription_id=number, **fields)
