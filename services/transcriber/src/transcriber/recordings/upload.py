"""Uploads of recordings: checked and stored as they arrive, with no trace of rejected ones."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from common import addresses, identity, logging, sizes, telemetry
from common.audio.kinds import SNIFF_BYTES
from common.errors import (
    ApplicationError,
    FileTooLargeError,
    StateError,
    TimedOutError,
    UnavailableError,
)
from common.identity import Owner
from common.least_rate import LeastRate, with_least_rate
from common.objects import ObjectStore
from common.postgres import Connection, Database
from common.upload_places import PlaceLimits, UploadPlaces
from transcriber.domain.jobs import Job
from transcriber.domain.options import ProcessingOptions
from transcriber.domain.transcriptions import Transcription
from transcriber.outbox import messages
from transcriber.queue.admission import Admission
from transcriber.queue.job_start import JobStarter, StartRequest, queue_job
from transcriber.recordings import channels
from transcriber.recordings.checks import judge
from transcriber.recordings.examination import Examined, Examiner
from transcriber.store.outbox import JobOutbox
from transcriber.store.surveys import Surveys
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.uploads import Upload, Uploads

_TOUCH_SECONDS = 20.0
_RELAY_SECONDS = 15.0
#: Storage that is reserved at a time for a file of unknown size.
_RESERVED_BYTES = 64 * 1024 * 1024

_log = logging.get(__name__)


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
class UploadLimits:
    """Limits of uploads. `max_file_size` is in bytes."""

    max_file_size: int
    rate: LeastRate
    places: PlaceLimits


class Uploader:
    """Receiver of recordings. It stores them in the object store and records them in the tables."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        starter: JobStarter,
        admission: Admission,
        examiner: Examiner,
        *,
        bucket: str,
        limits: UploadLimits,
        voice_memory: bool = True,
    ) -> None:
        """Without `voice_memory`, no recording has it, whatever its request says."""
        self._database = database
        self._objects = objects
        self._starter = starter
        self._admission = admission
        self._examiner = examiner
        self._bucket = bucket
        self._limits = limits
        self._voice_memory = voice_memory
        self._places = UploadPlaces(limits.places)
        self._discarding: set[asyncio.Task[None]] = set()

    async def earlier(self, workspace_id: str, request_id: str | None) -> Uploaded | None:
        """Return the result of an earlier call with the same request id, if any."""
        if request_id is None:
            return None
        async with self._database.transaction() as connection:
            return await _earlier(connection, workspace_id, request_id)

    async def upload(
        self,
        owner: Owner,
        request: UploadRequest,
        chunks: AsyncIterator[bytes],
        *,
        amend: Callable[[UploadRequest], UploadRequest] = lambda described: described,
    ) -> Uploaded:
        """Store a file and, if requested, start a job for it.

        `amend` returns the request with the options sent after the last chunk. Nothing of the file
        is left after an error or when the caller disconnects.

        Raises:
            FileTooLargeError: the file or the recording exceeds its limit. For the size, this is
                raised as soon as it is known.
            FileUploadError: the file is empty, not audio, or has the wrong extension.
            AudioProcessingError: the file cannot be decoded or is truncated.
            ResourceExhaustedError: a job was requested and the queue is full, or a quota of the
                workspace or of the client's address is used up.
            TimedOutError: the bytes arrived too slowly.
        """
        with self._places.place(owner.session_id, _client_address()):
            return await self._upload(owner, request, chunks, amend)

    async def _upload(
        self,
        owner: Owner,
        request: UploadRequest,
        chunks: AsyncIterator[bytes],
        amend: Callable[[UploadRequest], UploadRequest],
    ) -> Uploaded:
        if request.size_bytes > self._limits.max_file_size:
            raise self._too_large(request, request.size_bytes)
        async with self._database.transaction() as connection:
            upload = await self._begin(connection, owner, request)
        try:
            counted = self._counted(upload, owner, self._checked(upload, request, chunks))
            size = await self._objects.put_stream(self._bucket, upload.source_key, counted)
            final = amend(request)
            examined = await self._examiner.examine(
                upload.source_key,
                final.filename,
                size=size,
                allow_truncated=final.allow_truncated,
            )
            uploaded = await self._note(
                upload, owner, final, examined, has_place=request.auto_start
            )
        except BaseException:
            # The removal continues even if the caller is gone and this task is cancelled.
            await asyncio.shield(self._in_background(self._discard(upload)))
            raise
        if uploaded.transcription.id != upload.transcription_id:
            await self._discard(upload)
            return uploaded
        telemetry.UPLOADED_BYTES.inc(size)
        self._starter.queued()
        return uploaded

    async def _begin(self, connection: Connection, owner: Owner, request: UploadRequest) -> Upload:
        """Add an upload, with a place in the queue and the storage known to be needed."""
        workspace_id, size = owner.workspace_id, request.size_bytes
        if request.auto_start:
            await self._admission.check_place(connection, workspace_id)
            await self._admission.check_sound(connection, workspace_id, 0.0)
        reserved = await self._admission.reserve(
            connection, workspace_id, least=size or 1, most=size or _RESERVED_BYTES
        )
        return await Uploads(connection).begin(
            owner,
            auto_start=request.auto_start,
            reserved_bytes=reserved,
            origin=self._admission.origin(),
        )

    async def _counted(
        self, upload: Upload, owner: Owner, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Yield the bytes for which storage is reserved, and reserve more as they arrive."""
        size, reserved = 0, upload.reserved_bytes
        async for chunk in chunks:
            size += len(chunk)
            if size > reserved:
                async with self._database.transaction() as connection:
                    reserved = await self._admission.reserve(
                        connection,
                        owner.workspace_id,
                        least=size,
                        most=size + _RESERVED_BYTES,
                        held=reserved,
                    )
                    if not await Uploads(connection).grow(upload.transcription_id, reserved):
                        raise _took_too_long()
            yield chunk

    async def _checked(
        self, upload: Upload, request: UploadRequest, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Yield the bytes once the first ones look like audio, up to the size limit."""
        rate = self._limits.rate
        if _relayed():
            # The gateway passes bytes on a little later, and ends slow uploads itself.
            rate = replace(rate, patience_seconds=rate.patience_seconds + _RELAY_SECONDS)
        slow = TimedOutError(
            f"The upload stalled or was slower than {rate.text()}. Upload the file again."
        )
        head = bytearray()
        size = 0
        judged = False
        touched = time.monotonic()
        async for chunk in with_least_rate(chunks, rate, slow):
            size += len(chunk)
            if size > self._limits.max_file_size:
                raise self._too_large(request, max(size, request.size_bytes))
            if judged:
                yield chunk
            else:
                head += chunk
                if len(head) >= SNIFF_BYTES:
                    judge(request.filename, bytes(head))
                    judged = True
                    yield bytes(head)
            if time.monotonic() - touched > _TOUCH_SECONDS:
                touched = time.monotonic()
                await self._touch(upload)
        if not judged:
            judge(request.filename, bytes(head))
            yield bytes(head)

    async def _touch(self, upload: Upload) -> None:
        async with self._database.transaction() as connection:
            if not await Uploads(connection).touch(upload.transcription_id):
                raise _took_too_long()

    async def _note(
        self,
        upload: Upload,
        owner: Owner,
        request: UploadRequest,
        examined: Examined,
        *,
        has_place: bool,
    ) -> Uploaded:
        """Turn the upload into a transcription, with its job, in one transaction."""
        async with self._database.transaction() as connection:
            transcriptions = Transcriptions(connection)
            added = await transcriptions.add(
                transcription_id=upload.transcription_id,
                owner=owner,
                request_id=request.request_id,
                file=examined.file,
                source_key=upload.source_key,
                options=replace(
                    request.options,
                    voice_memory=request.options.voice_memory and self._voice_memory,
                ),
                channel_plan=channels.plan(examined.survey, request.options.channels),
                origin=self._admission.origin(),
            )
            if not added:
                earlier = await _earlier(connection, owner.workspace_id, request.request_id or "")
                assert earlier is not None, "its key is taken"
                return earlier
            if not await Uploads(connection).finish(upload.transcription_id):
                raise _took_too_long()
            if examined.survey is not None:
                await Surveys(connection).add(upload.transcription_id, examined.survey)
            transcription = await transcriptions.get(upload.transcription_id)
            assert transcription is not None, "it was just added"
            await JobOutbox(connection).event(messages.transcription_created(transcription))
            job = None
            if request.auto_start:
                if not has_place:
                    await self._admission.check_place(connection, owner.workspace_id)
                start = StartRequest(priority=request.priority)
                job = await queue_job(connection, self._admission, transcription, start, owner)
                transcription = await transcriptions.get(upload.transcription_id)
                assert transcription is not None, "it was just added"
            return Uploaded(transcription=transcription, job=job)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start work that continues even if its caller is cancelled."""
        task = asyncio.create_task(work, name="discard upload")
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)
        return task

    async def _discard(self, upload: Upload) -> None:
        """Remove the remains of an upload. After an outage the cleanup step removes them later."""
        try:
            async with self._database.transaction() as connection:
                await Uploads(connection).give_up(upload.transcription_id)
            await self._objects.delete(self._bucket, upload.source_key)
            async with self._database.transaction() as connection:
                await Uploads(connection).forget(upload.transcription_id)
        except ApplicationError as error:
            _log.warning(
                "rejected upload left for the cleanup step",
                transcription_id=upload.transcription_id,
                reason=error.message,
            )

    def _too_large(self, request: UploadRequest, provided: int) -> FileTooLargeError:
        return FileTooLargeError(
            "File too large",
            {
                "max_size": sizes.compact(self._limits.max_file_size),
                "provided_size": sizes.compact(provided),
                "file_name": request.filename,
            },
        )


def _took_too_long() -> UnavailableError:
    return UnavailableError("The upload took too long. Try again.")


def _relayed() -> bool:
    """Return whether another service passes the upload on."""
    caller = identity.current_or_none()
    return caller is not None and bool(caller.service)


def _client_address() -> str:
    """Return the client's address, "" for uploads that another service passes on."""
    return "" if _relayed() else addresses.current_address()


async def _earlier(connection: Connection, workspace_id: str, request_id: str) -> Uploaded | None:
    transcription = await Transcriptions(connection).find_by_request(workspace_id, request_id)
    if transcription is None:
        return None
    if transcription.trashed_at is not None:
        raise StateError("The recording of this request_id is in the trash. Restore it.")
    return Uploaded(transcription=transcription, job=transcription.job)
