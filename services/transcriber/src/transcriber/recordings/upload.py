"""Uploads of recordings: checked and stored as they arrive, with no trace of rejected ones."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from common import logging, telemetry
from common.audio.kinds import SNIFF_BYTES
from common.errors import ApplicationError, TimedOutError, UnavailableError
from common.identity import Owner
from common.least_rate import LeastRate
from common.objects import ObjectStore
from common.postgres import Connection, Database
from common.upload_places import UploadPlaces
from transcriber.queue.admission import Admission
from transcriber.queue.job_start import JobStarter
from transcriber.recordings.acceptance import (
    Acceptance,
    StoredRecording,
    Uploaded,
    UploadRequest,
)
from transcriber.recordings.arrival import arriving, client_address, hashed, too_large
from transcriber.recordings.checks import judge
from transcriber.recordings.early_start import Arriving, EarlyStarts
from transcriber.recordings.examination import Examiner
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.uploads import Upload, Uploads

_TOUCH_SECONDS = 20.0
#: Storage that is reserved at a time for a file of unknown size.
_RESERVED_BYTES = 64 * 1024 * 1024

_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadLimits:
    """Limits of uploads. `max_file_size` is in bytes, and `places` are shared by all ways."""

    max_file_size: int
    rate: LeastRate
    places: UploadPlaces


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
        acceptance: Acceptance,
        early: EarlyStarts,
        bucket: str,
        limits: UploadLimits,
    ) -> None:
        self._database = database
        self._objects = objects
        self._starter = starter
        self._admission = admission
        self._examiner = examiner
        self._acceptance = acceptance
        self._early = early
        self._bucket = bucket
        self._limits = limits
        self._discarding: set[asyncio.Task[None]] = set()

    async def earlier(self, workspace_id: str, request_id: str | None) -> Uploaded | None:
        """Return the result of an earlier call with the same request id, if any."""
        return await self._acceptance.earlier(workspace_id, request_id)

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
        with self._limits.places.place(owner.session_id, client_address()):
            return await self._upload(owner, request, chunks, amend)

    async def _upload(
        self,
        owner: Owner,
        request: UploadRequest,
        chunks: AsyncIterator[bytes],
        amend: Callable[[UploadRequest], UploadRequest],
    ) -> Uploaded:
        if request.size_bytes > self._limits.max_file_size:
            raise too_large(request.filename, request.size_bytes, self._limits.max_file_size)
        async with self._database.transaction() as connection:
            upload = await self._begin(connection, owner, request)
        digest = hashlib.sha256()
        try:
            counted = self._counted(upload, owner, self._checked(upload, request, chunks))
            coming = Arriving(
                transcription_id=upload.transcription_id, owner=owner, request=request
            )
            async with aclosing(self._early.watched(coming, counted)) as watched:
                sent = hashed(watched, digest.update)
                size = await self._objects.put_stream(self._bucket, upload.source_key, sent)
            final = amend(request)
            examined = await self._examiner.examine(
                upload.source_key,
                final.filename,
                size=size,
                allow_truncated=final.allow_truncated,
            )
            stored = StoredRecording(
                transcription_id=upload.transcription_id,
                source_key=upload.source_key,
                sha256=digest.hexdigest(),
                origin=self._admission.origin(),
                has_place=request.auto_start,
            )
            uploaded = await self._acceptance.accept(
                owner, final, examined, stored, _finishing(upload)
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
        limits = self._limits
        slow = TimedOutError(
            f"The upload stalled or was slower than {limits.rate.text()}. Upload the file again."
        )
        head = bytearray()
        size = 0
        judged = False
        touched = time.monotonic()
        async for chunk in arriving(chunks, limits.rate, slow):
            size += len(chunk)
            if size > limits.max_file_size:
                known = max(size, request.size_bytes)
                raise too_large(request.filename, known, limits.max_file_size)
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
                if await Transcriptions(connection).get(upload.transcription_id) is not None:
                    # A commit whose answer was lost has accepted it.
                    return
            await self._objects.delete(self._bucket, upload.source_key)
            async with self._database.transaction() as connection:
                await Uploads(connection).forget(upload.transcription_id)
        except ApplicationError as error:
            _log.warning(
                "rejected upload left for the cleanup step",
                transcription_id=upload.transcription_id,
                reason=error.message,
            )


def _finishing(upload: Upload) -> Callable[[Connection, int], Coroutine[Any, Any, None]]:
    """Return how an upload ends in the transaction of its transcription."""

    async def finish(connection: Connection, transcription_id: int) -> None:
        own = transcription_id == upload.transcription_id
        if own and not await Uploads(connection).finish(upload.transcription_id):
            raise _took_too_long()

    return finish


def _took_too_long() -> UnavailableError:
    return UnavailableError("The upload took too long. Try again.")
