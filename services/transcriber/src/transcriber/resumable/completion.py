"""End of uploads: examination of the whole object, and its transcription."""

import contextlib
from dataclasses import dataclass

from common import logging, telemetry
from common.errors import ApplicationError, NotFoundError
from common.postgres import Connection, Database
from transcriber.queue.job_start import JobStarter
from transcriber.recordings.acceptance import Acceptance, Finish, StoredRecording
from transcriber.recordings.examination import Examiner
from transcriber.resumable.encoding import FINAL, failure_to_json, request_from_json
from transcriber.resumable.lease import Lease, lost
from transcriber.resumable.pieces import PieceStore
from transcriber.resumable.removal import Remover
from transcriber.store.resumable_uploads import ResumableUpload, ResumableUploads

_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """Turns whole uploads into transcriptions, like plain uploads."""

    database: Database
    store: PieceStore
    examiner: Examiner
    acceptance: Acceptance
    starter: JobStarter
    remover: Remover

    async def complete(
        self, upload: ResumableUpload, lease: Lease, *, sha256: str = ""
    ) -> ResumableUpload:
        """Examine a whole upload, and return it with its transcription.

        Without `sha256`, the object is read for it.

        Raises:
            FileUploadError, AudioProcessingError: the file is refused, and nothing of it is kept.
            ApplicationError: it cannot be accepted now. A repetition goes on here.
        """
        request = request_from_json(upload.request)
        async with lease.kept():
            try:
                examined = await self.examiner.examine(
                    upload.source_key,
                    request.filename,
                    size=upload.size_bytes,
                    allow_truncated=request.allow_truncated,
                )
                stored = StoredRecording(
                    transcription_id=upload.transcription_id,
                    source_key=upload.source_key,
                    sha256=sha256 or await self._digest(upload),
                    origin=upload.origin,
                    has_place=False,
                )
                uploaded = await self.acceptance.accept(
                    upload, request, examined, stored, _finishing(lease)
                )
            except FINAL as error:
                await self.reject(upload, lease, error)
                raise
        if uploaded.transcription.id != upload.transcription_id:
            await self.remover.remove_soon(upload)
        telemetry.UPLOADED_BYTES.inc(upload.size_bytes)
        self.starter.queued()
        _log.info("upload complete", transcription_id=uploaded.transcription.id)
        return await find(self.database, upload.upload_id, upload.workspace_id)

    async def reject(self, upload: ResumableUpload, lease: Lease, error: ApplicationError) -> None:
        """End an upload with the reason of its refusal, and remove its bytes."""
        async with self.database.transaction() as connection:
            rejected = await ResumableUploads(connection).reject(
                upload.upload_id, lease.token, failure_to_json(error)
            )
        if rejected:
            with contextlib.suppress(ApplicationError):
                await self.remover.clear(upload)

    async def _digest(self, upload: ResumableUpload) -> str:
        store = self.store
        return await store.objects.sha256(store.bucket, upload.source_key, upload.size_bytes)


async def find(database: Database, upload_id: str, workspace_id: str) -> ResumableUpload:
    """Return an upload of a workspace.

    Raises:
        NotFoundError: the workspace has no such upload.
    """
    async with database.transaction() as connection:
        found = await ResumableUploads(connection).find(upload_id, workspace_id)
    if found is None:
        raise NotFoundError("There is no such upload.")
    return found


def _finishing(lease: Lease) -> Finish:
    async def finish(connection: Connection, transcription_id: int) -> None:
        uploads = ResumableUploads(connection)
        if not await uploads.complete(lease.upload_id, lease.token, transcription_id):
            raise lost()

    return finish
