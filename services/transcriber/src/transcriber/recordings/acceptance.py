"""Acceptance of examined recordings: the same rows, however their bytes arrived."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from common.errors import LockedError, StateError
from common.identity import Owner
from common.postgres import Connection, Database
from transcriber.domain.jobs import Job
from transcriber.domain.options import ProcessingOptions
from transcriber.domain.transcriptions import Transcription
from transcriber.outbox import messages
from transcriber.queue.admission import Admission
from transcriber.queue.job_start import StartRequest, queue_job
from transcriber.queue.task_planning import TaskPlanner
from transcriber.recordings import channels
from transcriber.recordings.adoption import Adoption
from transcriber.recordings.examination import Examined
from transcriber.store.digests import Digests
from transcriber.store.outbox import JobOutbox
from transcriber.store.surveys import Surveys
from transcriber.store.transcriptions import Transcriptions

#: Ends the upload in the transaction of its transcription, given the transcription's id.
Finish = Callable[[Connection, int], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadRequest:
    """A caller's description of a file.

    `size_bytes` is 0 if it is not known in advance. With `allow_truncated`, a recording that breaks
    off is accepted with a warning.
    """

    filename: str
    options: ProcessingOptions
    auto_start: bool
    priority: int
    request_id: str | None
    size_bytes: int = 0
    allow_truncated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A stored recording, and its job if one was started."""

    transcription: Transcription
    job: Job | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRecording:
    """A recording in the object store. `transcription_id` is reserved for its transcription.

    `sha256` is in hexadecimal digits. `has_place` tells whether it holds a place in the queue, and
    `exists` whether its transcription is there already, as that of a live session is.
    """

    transcription_id: int
    source_key: str
    sha256: str
    origin: str
    has_place: bool
    exists: bool = False


class Acceptance:
    """Turns stored recordings into transcriptions."""

    def __init__(
        self,
        database: Database,
        admission: Admission,
        planner: TaskPlanner,
        adoption: Adoption,
        *,
        voice_memory: bool,
    ) -> None:
        """Without `voice_memory`, no recording has it, whatever its request says."""
        self._adoption = adoption
        self._database = database
        self._admission = admission
        self._planner = planner
        self._voice_memory = voice_memory

    async def earlier(self, workspace_id: str, request_id: str | None) -> Uploaded | None:
        """Return the result of an earlier call with the same request id, if any."""
        if request_id is None:
            return None
        async with self._database.transaction() as connection:
            return await _earlier(connection, workspace_id, request_id)

    async def accept(
        self,
        owner: Owner,
        request: UploadRequest,
        examined: Examined,
        stored: StoredRecording,
        finish: Finish,
    ) -> Uploaded:
        """Turn a recording into a transcription, with its job, in one transaction.

        If the request id exists, the earlier transcription is returned.

        Raises:
            LockedError: its transcription was there already, and is gone or has its recording.
        """
        early = None
        if request.auto_start:
            early = await self._adoption.fitting(stored.transcription_id, stored.source_key)
        async with self._database.transaction() as connection:
            if not await self._add(connection, owner, request, examined, stored):
                if stored.exists:
                    raise LockedError("The live session has ended otherwise.")
                earlier = await _earlier(connection, owner.workspace_id, request.request_id or "")
                assert earlier is not None, "its key is taken"
                await finish(connection, earlier.transcription.id)
                return earlier
            await finish(connection, stored.transcription_id)
            if examined.survey is not None:
                await Surveys(connection).add(stored.transcription_id, examined.survey)
            await Digests(connection).add(stored.transcription_id, stored.sha256)
            transcription = await _get(connection, stored.transcription_id)
            await JobOutbox(connection).event(messages.transcription_created(transcription))
            job = None
            # That of a live session can be in the trash by now.
            if request.auto_start and transcription.trashed_at is None:
                if not stored.has_place:
                    await self._admission.check_place(connection, owner.workspace_id)
                start = StartRequest(priority=request.priority)
                job = await queue_job(
                    connection,
                    self._admission,
                    self._planner,
                    transcription,
                    start,
                    owner=owner,
                    early=early,
                )
                transcription = await _get(connection, stored.transcription_id)
            return Uploaded(transcription=transcription, job=job)

    async def _add(
        self,
        connection: Connection,
        owner: Owner,
        request: UploadRequest,
        examined: Examined,
        stored: StoredRecording,
    ) -> bool:
        plan = channels.plan(examined.survey, request.options.channels)
        if stored.exists:
            return await Transcriptions(connection).end_live(
                stored.transcription_id, examined.file, plan
            )
        return await Transcriptions(connection).add(
            transcription_id=stored.transcription_id,
            owner=owner,
            request_id=request.request_id,
            file=examined.file,
            source_key=stored.source_key,
            options=replace(
                request.options,
                voice_memory=request.options.voice_memory if self._voice_memory else False,
            ),
            channel_plan=plan,
            origin=stored.origin,
        )


async def _get(connection: Connection, transcription_id: int) -> Transcription:
    transcription = await Transcriptions(connection).get(transcription_id)
    assert transcription is not None, "it was just added"
    return transcription


async def _earlier(connection: Connection, workspace_id: str, request_id: str) -> Uploaded | None:
    transcription = await Transcriptions(connection).find_by_request(workspace_id, request_id)
    if transcription is None:
        return None
    if transcription.trashed_at is not None:
        raise StateError("The recording of this request_id is in the trash. Restore it.")
    return Uploaded(transcription=transcription, job=transcription.job)
