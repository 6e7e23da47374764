"""UploadService: uploads in pieces."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from common import identity, rights, sizes, times
from common.addresses import current_address
from common.byte_rates import ByteRates
from common.errors import ValidationError
from common.postgres import Database
from common.rights import Right
from securetranscribe.v1 import upload_pb2, upload_pb2_grpc
from transcriber.api import requests
from transcriber.api.preferences import Preferences, SessionPreferences
from transcriber.api.priorities import PriorityRule
from transcriber.api.speech_models import SpeechModels
from transcriber.recordings.arrival import relayed
from transcriber.resumable.checksums import Checksum
from transcriber.resumable.completion import find
from transcriber.resumable.creation import Creator
from transcriber.resumable.reception import Position, Reception
from transcriber.resumable.removal import Remover
from transcriber.store.digests import Digests
from transcriber.store.resumable_uploads import ResumableUpload, ResumableUploads

_LARGEST_CHUNK = 1024 * 1024
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_STATES = {
    "receiving": upload_pb2.UPLOAD_STATE_RECEIVING,
    "completed": upload_pb2.UPLOAD_STATE_COMPLETED,
    "rejected": upload_pb2.UPLOAD_STATE_REJECTED,
}
_AppendRequests = AsyncIterator[upload_pb2.AppendUploadRequest]


@dataclass(frozen=True, kw_only=True)
class UploadDependencies:
    """Objects behind the methods."""

    database: Database
    creator: Creator
    reception: Reception
    remover: Remover
    preferences: SessionPreferences
    priorities: PriorityRule
    models: SpeechModels
    rates: ByteRates


class UploadServicer(upload_pb2_grpc.UploadServiceServicer):
    """Serves UploadService. Callers see only the uploads of their workspace."""

    def __init__(self, dependencies: UploadDependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    async def CreateUpload(
        self, request: upload_pb2.CreateUploadRequest, context: Any
    ) -> upload_pb2.CreateUploadResponse:
        """Create an upload."""
        owner = rights.caller(Right.CREATE)
        preferences = Preferences()
        if requests.needs_preferences(request.config):
            preferences = await self._dependencies.preferences.of(identity.current())
        described = requests.upload(request.config, preferences)
        self._dependencies.priorities.check(described.priority, context)
        self._dependencies.models.check(described.options.model)
        upload = await self._dependencies.creator.create(owner, described, request.client_metadata)
        return upload_pb2.CreateUploadResponse(upload=_upload(upload))

    async def AppendUpload(
        self, request_iterator: _AppendRequests, _context: Any
    ) -> upload_pb2.AppendUploadResponse:
        """Append bytes."""
        owner = rights.caller(Right.CREATE)
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("append") != "position":
            raise ValidationError.of("position", "The first request must have the position.")
        told = first.position
        position = Position(
            upload_id=told.upload_id,
            offset=told.offset_bytes,
            checksum=Checksum.of(told.checksum_algorithm, told.checksum),
        )
        chunks = _chunks(request_iterator)
        if not relayed():
            # The gateway has counted the bytes that it passes on.
            rates, address = self._dependencies.rates, current_address()
            chunks = rates.charged(owner.session_id, address, chunks)
        upload = await self._dependencies.reception.append(owner, position, chunks)
        return upload_pb2.AppendUploadResponse(upload=_upload(upload))

    async def FinishUpload(
        self, request: upload_pb2.FinishUploadRequest, _context: Any
    ) -> upload_pb2.FinishUploadResponse:
        """Complete an upload with all bytes stored."""
        owner = rights.caller(Right.CREATE)
        upload = await self._dependencies.reception.finish(owner, request.upload_id)
        return upload_pb2.FinishUploadResponse(upload=_upload(upload))

    async def GetUpload(
        self, request: upload_pb2.GetUploadRequest, _context: Any
    ) -> upload_pb2.GetUploadResponse:
        """Return an upload."""
        found = await find(self._database, request.upload_id, rights.workspace(Right.READ))
        return upload_pb2.GetUploadResponse(upload=_upload(found))

    async def ListUploads(
        self, _request: upload_pb2.ListUploadsRequest, _context: Any
    ) -> upload_pb2.ListUploadsResponse:
        """List the workspace's uploads."""
        workspace_id = rights.workspace(Right.READ)
        async with self._database.transaction() as connection:
            found = await ResumableUploads(connection).list_of(workspace_id)
        return upload_pb2.ListUploadsResponse(uploads=map(_upload, found))

    async def CancelUpload(
        self, request: upload_pb2.CancelUploadRequest, _context: Any
    ) -> upload_pb2.CancelUploadResponse:
        """Cancel an upload."""
        workspace_id = rights.workspace(Right.DELETE)
        await self._dependencies.remover.cancel(request.upload_id, workspace_id)
        return upload_pb2.CancelUploadResponse()

    async def ListDuplicates(
        self, request: upload_pb2.ListDuplicatesRequest, _context: Any
    ) -> upload_pb2.ListDuplicatesResponse:
        """List transcriptions of the same content."""
        workspace_id = rights.workspace(Right.READ)
        if not _SHA256.fullmatch(request.sha256):
            raise ValidationError.of("sha256", "sha256 must have 64 hexadecimal digits.")
        async with self._database.transaction() as connection:
            found = await Digests(connection).find(workspace_id, request.sha256.lower())
        return upload_pb2.ListDuplicatesResponse(transcription_ids=found)


async def _chunks(incoming: _AppendRequests) -> AsyncIterator[bytes]:
    async for request in incoming:
        if request.WhichOneof("append") != "chunk":
            raise ValidationError.of("chunk", "Requests after the first must carry bytes.")
        chunk = request.chunk  # each read of the field copies it
        if len(chunk) > _LARGEST_CHUNK:
            raise ValidationError.of(
                "chunk", f"A request must carry at most {sizes.compact(_LARGEST_CHUNK)}."
            )
        yield chunk


def _upload(upload: ResumableUpload) -> upload_pb2.Upload:
    failure = upload.failure
    return upload_pb2.Upload(
        upload_id=upload.upload_id,
        filename=upload.filename,
        size_bytes=upload.size_bytes,
        offset_bytes=upload.stored.offset,
        state=_STATES[upload.state],
        create_time=times.timestamp(upload.created_at),
        expire_time=times.timestamp(upload.expires_at),
        transcription_id=upload.result_id,
        job_id=upload.job_id,
        failure=upload_pb2.UploadFailure(code=failure["code"], message=failure["message"])
        if failure
        else None,
        client_metadata=upload.client_metadata,
    )
