"""Reception of the bytes of one append."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from common import logging
from common.audio.kinds import SNIFF_BYTES
from common.errors import (
    ApplicationError,
    FileUploadError,
    LockedError,
    NotFoundError,
    StateError,
    TimedOutError,
    ValidationError,
)
from common.identity import Owner
from common.object_parts import completed
from common.postgres import Database
from transcriber.recordings.arrival import arriving, client_address, hashed
from transcriber.recordings.checks import judge
from transcriber.recordings.early_start import Arriving, EarlyStarts
from transcriber.recordings.upload import UploadLimits
from transcriber.resumable.checksums import Checksum
from transcriber.resumable.completion import Completion, find
from transcriber.resumable.encoding import failure_from_json, request_from_json
from transcriber.resumable.lease import Lease
from transcriber.resumable.pieces import Pieces, PieceStore
from transcriber.store.resumable_uploads import ResumableUpload, ResumableUploads

_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """Offset of appended bytes, with their checksum if any."""

    upload_id: str
    offset: int
    checksum: Checksum | None = None


class Reception:
    """Appends bytes to uploads. No state stays in memory between two calls."""

    def __init__(
        self,
        database: Database,
        store: PieceStore,
        completion: Completion,
        limits: UploadLimits,
        early: EarlyStarts,
    ) -> None:
        self._early = early
        self._database = database
        self._store = store
        self._completion = completion
        self._limits = limits
        self._keeping: set[asyncio.Task[None]] = set()

    async def append(
        self, owner: Owner, position: Position, chunks: AsyncIterator[bytes]
    ) -> ResumableUpload:
        """Append bytes, and complete the upload with the last one.

        Bytes that arrived before an interruption are kept, unless they have a checksum.

        Raises:
            NotFoundError: the workspace has no such upload.
            StateError: the upload is at another offset. It is in the details.
            LockedError: another request appends to it.
            ChecksumError: the bytes have another checksum. None of them is kept.
            FileUploadError, AudioProcessingError: the file is refused.
            TimedOutError: the bytes arrived too slowly.
        """
        with self._limits.places.place(owner.session_id, client_address()):
            slow = TimedOutError(
                f"The upload stalled or was slower than {self._limits.rate.text()}. Go on at its "
                "offset."
            )
            incoming = arriving(chunks, self._limits.rate, slow)
            lease = Lease(self._database, position.upload_id)
            upload = await self._take(owner, position, lease)
            if upload.state == "completed":
                await _drain(incoming, upload.size_bytes)
                return upload
            try:
                return await self._append(upload, lease, position, incoming)
            finally:
                await completed(self._in_background(lease.release()))

    async def finish(self, owner: Owner, upload_id: str) -> ResumableUpload:
        """Complete an upload whose bytes are all stored. Return one that has ended as it is.

        Raises:
            NotFoundError: the workspace has no such upload.
            StateError: bytes are missing.
            LockedError: another request is completing it.
            FileUploadError, AudioProcessingError: the file is refused.
        """
        upload = await find(self._database, upload_id, owner.workspace_id)
        if upload.state == "receiving" and not upload.stored.assembled:
            raise StateError("Bytes are missing.", {"offset": str(upload.stored.offset)})

        async def nothing() -> AsyncIterator[bytes]:
            return
            yield b""

        position = Position(upload_id=upload_id, offset=upload.size_bytes)
        return await self.append(owner, position, nothing())

    async def _take(self, owner: Owner, position: Position, lease: Lease) -> ResumableUpload:
        """Return the upload, with the lease unless it is complete."""
        async with self._database.transaction() as connection:
            uploads = ResumableUploads(connection)
            upload = await uploads.lock(position.upload_id, owner.workspace_id)
            if upload is None:
                raise NotFoundError("There is no such upload.")
            _check(upload, position)
            if upload.state == "receiving":
                await uploads.take(
                    upload.upload_id,
                    lease.token,
                    offset=upload.last_offset if upload.stored.assembled else position.offset,
                    seconds=self._store.expiry_seconds,
                )
            return upload

    async def _append(
        self,
        upload: ResumableUpload,
        lease: Lease,
        position: Position,
        incoming: AsyncIterator[bytes],
    ) -> ResumableUpload:
        if upload.stored.assembled:
            await _drain(incoming, upload.size_bytes)
            return await self._completion.complete(upload, lease)
        pieces = Pieces(self._store, upload, lease, at_once=position.checksum is not None)
        await pieces.load()
        digest = hashlib.sha256()
        # The digest of the file is known only if it arrives at once.
        updates: list[Callable[[bytes], None]] = [] if position.offset else [digest.update]
        if position.checksum is not None:
            updates.append(position.checksum.update)
        try:
            async with aclosing(self._watched(upload, position, incoming)) as watched:
                await self._receive(upload, lease, position, pieces, hashed(watched, *updates))
        except FileUploadError as error:
            await self._completion.reject(upload, lease, error)
            raise
        except BaseException:
            if position.checksum is None:
                # What has arrived is kept even if the caller is gone and this task is cancelled.
                await completed(self._in_background(_keep(pieces)))
            raise
        # A call that its client has cancelled may look as if it had ended, and is cancelled then.
        await completed(self._in_background(pieces.keep()))
        if not pieces.complete:
            return await find(self._database, upload.upload_id, upload.workspace_id)
        sha256 = "" if position.offset else digest.hexdigest()
        return await self._completion.complete(upload, lease, sha256=sha256)

    def _watched(
        self, upload: ResumableUpload, position: Position, incoming: AsyncIterator[bytes]
    ) -> AsyncGenerator[bytes, None]:
        """Return bytes, from which the first part of the recording may start."""
        coming = Arriving(
            transcription_id=upload.transcription_id,
            owner=upload,
            request=request_from_json(upload.request),
        )
        return self._early.watched(coming, incoming, from_the_front=not position.offset)

    async def _receive(
        self,
        upload: ResumableUpload,
        lease: Lease,
        position: Position,
        pieces: Pieces,
        incoming: AsyncIterator[bytes],
    ) -> None:
        """Pass bytes to the store. The first ones have to look like audio.

        Bytes with a checksum are judged once they have it: damaged ones are no reason to refuse
        the file.
        """
        received, checksum = position.offset, position.checksum
        judged = received >= SNIFF_BYTES
        needed = min(SNIFF_BYTES, upload.size_bytes)
        head = bytearray(pieces.head(SNIFF_BYTES))
        async for chunk in incoming:
            received += len(chunk)
            if received > upload.size_bytes:
                raise ValidationError.of("body", "These are more bytes than the upload has left.")
            await lease.progressed()
            if not judged:
                head += chunk[: needed - len(head)]
                if checksum is None and received >= needed:
                    judge(upload.filename, bytes(head))
                    judged = True
            await pieces.add(chunk)
        if checksum is not None:
            checksum.verify()
            if not judged and received >= needed:
                judge(upload.filename, bytes(head))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start work independent of its caller's cancellation."""
        task = asyncio.create_task(work, name="keep upload")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)
        return task


def _check(upload: ResumableUpload, position: Position) -> None:
    """Check the position of an append."""
    if upload.failure is not None:
        raise failure_from_json(upload.failure)
    repeatable = upload.state == "completed" or upload.stored.assembled
    allowed = {upload.size_bytes, upload.last_offset} if repeatable else {upload.stored.offset}
    if upload.leased:
        raise LockedError("Another request appends to this upload. Try again in some seconds.")
    if position.offset not in allowed:
        offset = upload.stored.offset
        raise StateError(f"The upload is at offset {offset}.", {"offset": str(offset)})


async def _keep(pieces: Pieces) -> None:
    try:
        await pieces.keep()
    except ApplicationError as error:
        _log.info("bytes of an interrupted append not kept", reason=error.message)


async def _drain(chunks: AsyncIterator[bytes], most: int) -> None:
    """Read bytes without a use. A client repeating an append expects it."""
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > most:
            raise ValidationError.of("body", "These are more bytes than the upload has left.")
