"""Cleanup of interrupted uploads, expired recordings and old dead letters.

Every removal is recorded before it begins, so that it is finished after a crash.
"""

from collections.abc import Sequence

from common import logging
from common.background.clock_watch import ClockWatch
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.erasure_ledger import ErasureKind
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.domain.retention import Retention
from transcriber.domain.sealed_names import both_names
from transcriber.domain.transcriptions import TranscriptionStatus
from transcriber.store.dead_letters import DeadLetters
from transcriber.store.erasures import Erasures
from transcriber.store.expiry import Expiry, StoredSource
from transcriber.store.keys import DataKeys
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.uploads import Upload, Uploads

#: An upload without progress for this long (seconds) was left by a dead process.
STALE_SECONDS = 3600.0
NOT_ERASED = "The recording's file was due to be deleted and could not be removed."
NEVER_PROCESSED = (
    "The recording was deleted because it was not processed for a long time. Upload it again."
)
_POLICY = Policy(most_attempts=10, first_pause=15.0, longest_pause=3600.0, at_a_time=4)
_log = logging.get(__name__)


class StaleUploadStep(ItemStep[Upload]):
    """Removes uploads left by dead processes."""

    name = "uploads"
    items = "interrupted uploads"
    outcome = "The upload is invisible to users. Its bytes stay in storage and are listed."
    policy = _POLICY

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        *,
        bucket: str,
        stale_seconds: float = STALE_SECONDS,
        clock: ClockWatch | None = None,
    ) -> None:
        super().__init__(database)
        self._objects = objects
        self._bucket = bucket
        self._stale_seconds = stale_seconds
        self._clock = clock or ClockWatch()

    def key(self, item: Upload) -> str:
        """Return the id reserved for the transcription."""
        return str(item.transcription_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[Upload]:
        """Give up stale uploads and return them."""
        steady = await self._clock.steady(connection, self._stale_seconds)
        return await Uploads(connection).stale(self._stale_seconds, limit) if steady else []

    async def handle(self, item: Upload) -> None:
        """Remove the bytes of one upload, then its row."""
        await self._objects.delete(self._bucket, item.source_key)
        await self._objects.abort_uploads(self._bucket, item.source_key)
        async with self._database.transaction() as connection:
            await Uploads(connection).forget(item.transcription_id)
        _log.info("interrupted upload removed", transcription_id=item.transcription_id)


class RecordingStep(ItemStep[StoredSource]):
    """Deletes recordings after their time, and keeps their transcriptions."""

    name = "recordings"
    items = "recordings due to be deleted"
    outcome = "The recording is not used any more, and the transcription has a warning."
    policy = _POLICY

    def __init__(
        self, database: Database, objects: ObjectStore, *, bucket: str, retention: Retention
    ) -> None:
        super().__init__(database)
        self._objects = objects
        self._bucket = bucket
        self._retention = retention

    def key(self, item: StoredSource) -> str:
        """Return the transcription's id."""
        return str(item.transcription_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[StoredSource]:
        """Give up expired recordings and return them."""
        return await Expiry(connection).expire_sources(self._retention, limit)

    async def handle(self, item: StoredSource) -> None:
        """Delete one recording."""
        for key in both_names(item.source_key):
            await self._objects.delete(self._bucket, key)
        processed = item.status is TranscriptionStatus.COMPLETED
        reason = "CLEANUP_DELAY" if processed else "UNPROCESSED_RETENTION"
        async with self._database.transaction() as connection:
            transcriptions = Transcriptions(connection)
            await Expiry(connection).source_erased(item.transcription_id)
            await DataKeys(connection).erase_recording(item.transcription_id)
            await transcriptions.unwarn(item.transcription_id, NOT_ERASED)
            if not processed:
                await transcriptions.warn(item.transcription_id, NEVER_PROCESSED)
            await Erasures(connection).add(
                ErasureKind.RECORDING,
                item.transcription_id,
                workspace_id=item.workspace_id,
                reason=reason,
                in_ledger=False,
            )
        _log.info("recording removed", transcription_id=item.transcription_id, reason=reason)

    async def set_aside(self, connection: Connection, item: StoredSource) -> None:
        """Warn the owner, who may rely on the deletion."""
        await Transcriptions(connection).warn(item.transcription_id, NOT_ERASED)


async def forget_dead_tasks(database: Database) -> None:
    """Delete dead letters older than 30 days."""
    async with database.transaction() as connection:
        await DeadLetters(connection).delete_old()
