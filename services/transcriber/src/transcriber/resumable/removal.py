"""Removal of cancelled, expired and refused uploads."""

import contextlib
from collections.abc import Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import ApplicationError, NotFoundError, StateError
from common.postgres import Connection, Database
from transcriber.resumable.pieces import PieceStore, tail_prefix
from transcriber.store.resumable_uploads import ResumableUpload, ResumableUploads

_log = logging.get(__name__)


class Remover:
    """Removes the bytes and rows of uploads."""

    def __init__(self, database: Database, store: PieceStore) -> None:
        self._database = database
        self._store = store

    async def cancel(self, upload_id: str, workspace_id: str) -> None:
        """Cancel an upload of a workspace.

        Raises:
            NotFoundError: the workspace has no such upload.
            StateError: it is complete.
        """
        async with self._database.transaction() as connection:
            uploads = ResumableUploads(connection)
            upload = await uploads.lock(upload_id, workspace_id)
            if upload is None:
                raise NotFoundError("There is no such upload.")
            if not await uploads.give_up(upload_id, workspace_id):
                raise StateError("The upload is complete. Delete its transcription instead.")
        if not upload.leased:
            # Otherwise a request may still send bytes, and the background step removes them later.
            with contextlib.suppress(ApplicationError):
                await self.remove(upload)

    async def remove(self, upload: ResumableUpload) -> None:
        """Remove a given up upload: its bytes unless a transcription has them, then its row."""
        await self._remove_bytes(upload, whole=upload.state != "completed")
        async with self._database.transaction() as connection:
            await ResumableUploads(connection).forget(upload.upload_id)
        _log.info("upload removed", transcription_id=upload.transcription_id, state=upload.state)

    async def remove_soon(self, upload: ResumableUpload) -> None:
        """Remove the bytes of a file stored twice."""
        with contextlib.suppress(ApplicationError):
            await self._remove_bytes(upload, whole=True)

    async def clear(self, upload: ResumableUpload) -> None:
        """Remove the bytes of a refused upload."""
        await self._remove_bytes(upload, whole=True)
        async with self._database.transaction() as connection:
            await ResumableUploads(connection).cleared(upload.upload_id)

    async def _remove_bytes(self, upload: ResumableUpload, *, whole: bool) -> None:
        objects, bucket = self._store.objects, self._store.bucket
        if whole:
            await objects.delete(bucket, upload.source_key)
        await objects.abort_uploads(bucket, upload.source_key)
        await objects.delete_prefix(bucket, tail_prefix(upload))


class ResumableUploadStep(ItemStep[ResumableUpload]):
    """Removes expired, cancelled and refused uploads in pieces."""

    name = "resumable-uploads"
    items = "uploads in pieces without a transcription at their end"
    outcome = "The upload is invisible to users. Its bytes stay in storage and are listed."
    policy = Policy(most_attempts=10, first_pause=15.0, longest_pause=3600.0, at_a_time=4)

    def __init__(self, database: Database, remover: Remover) -> None:
        super().__init__(database)
        self._remover = remover

    def key(self, item: ResumableUpload) -> str:
        """Return the upload's id."""
        return item.upload_id

    async def due(self, connection: Connection, limit: int) -> Sequence[ResumableUpload]:
        """Give up expired uploads and return them."""
        return await ResumableUploads(connection).due(limit)

    async def handle(self, item: ResumableUpload) -> None:
        """Remove one upload."""
        if item.given_up:
            await self._remover.remove(item)
        else:
            await self._remover.clear(item)
