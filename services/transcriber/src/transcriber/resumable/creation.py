"""Creation of uploads in pieces."""

import secrets

from common.audio.formats import extension_of, is_refused_name
from common.errors import FileUploadError, ResourceExhaustedError, UnavailableError, ValidationError
from common.identity import Owner
from common.postgres import Connection, Database
from transcriber.queue.admission import Admission
from transcriber.recordings.acceptance import UploadRequest
from transcriber.recordings.arrival import too_large
from transcriber.resumable.encoding import request_to_json
from transcriber.store import locks
from transcriber.store.resumable_uploads import ResumableUpload, ResumableUploads

#: Uploads of one workspace that have not ended. Each can be of one byte.
MOST_UNFINISHED = 100
LONGEST_METADATA = 8192


class Creator:
    """Creates uploads. Wrong descriptions are refused before any bytes."""

    def __init__(
        self, database: Database, admission: Admission, *, max_bytes: int, expiry_seconds: float
    ) -> None:
        self._database = database
        self._admission = admission
        self._max_bytes = max_bytes
        self._expiry_seconds = expiry_seconds

    async def create(
        self, owner: Owner, request: UploadRequest, client_metadata: str = ""
    ) -> ResumableUpload:
        """Create an upload. A repeated request id returns the first one.

        Raises:
            ValidationError: the size is missing or 0, or the metadata are not storable.
            FileUploadError: the file is too large, or has a refused name.
            ResourceExhaustedError: a quota is used up, or there are too many unfinished uploads.
        """
        if request.size_bytes <= 0:
            raise ValidationError.of("size_bytes", "The file must have at least one byte.")
        if len(client_metadata) > LONGEST_METADATA or "\0" in client_metadata:
            raise ValidationError.of(
                "client_metadata", f"At most {LONGEST_METADATA} characters of text are kept."
            )
        if request.size_bytes > self._max_bytes:
            raise too_large(request.filename, request.size_bytes, self._max_bytes)
        if is_refused_name(request.filename):
            raise FileUploadError(
                f"Files named .{extension_of(request.filename)} are not accepted.",
                {"file_name": request.filename},
            )
        async with self._database.transaction() as connection:
            uploads = ResumableUploads(connection)
            # Two creations with one request id must not both reserve storage.
            await locks.acquire(connection, locks.storage_of(owner.workspace_id))
            earlier = None
            if request.request_id is not None:
                earlier = await uploads.find_by_request(owner.workspace_id, request.request_id)
            upload_id = earlier or secrets.token_urlsafe(24)
            if earlier is None:
                await self._add(connection, owner, request, upload_id, client_metadata)
            upload = await uploads.find(upload_id, owner.workspace_id)
        if upload is None:
            raise UnavailableError("The upload of this request_id is being removed. Try again.")
        return upload

    async def _add(
        self,
        connection: Connection,
        owner: Owner,
        request: UploadRequest,
        upload_id: str,
        client_metadata: str,
    ) -> None:
        uploads = ResumableUploads(connection)
        if await uploads.unfinished(owner.workspace_id) >= MOST_UNFINISHED:
            raise ResourceExhaustedError(
                f"At most {MOST_UNFINISHED} of your uploads can be unfinished. Cancel some first."
            )
        if request.auto_start:
            # Nothing is held until the file is there. This only tells early.
            await self._admission.check_place(connection, owner.workspace_id)
        size = request.size_bytes
        await self._admission.reserve(connection, owner.workspace_id, least=size, most=size)
        await uploads.add(
            owner,
            upload_id=upload_id,
            request_id=request.request_id,
            filename=request.filename,
            size_bytes=size,
            request=request_to_json(request),
            client_metadata=client_metadata,
            origin=self._admission.origin(),
            seconds=self._expiry_seconds,
        )
