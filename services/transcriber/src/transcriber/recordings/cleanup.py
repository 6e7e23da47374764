"""Removes what is not needed any more: broken uploads, old recordings, dead messages.

Everything is noted before it is removed, so that nothing is forgotten.
"""

from collections.abc import Sequence

from common import logging
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import StoredSource, Transcriptions
from transcriber.store.uploads import Upload, Uploads

#: A process that died left an upload behind that has not moved for this long (seconds).
STALE_SECONDS = 3600.0
NOT_ERASED = "The recording was due to be deleted, and its file could not be removed."
_POLICY = Policy(most_attempts=10, first_pause=15.0, longest_pause=3600.0, at_a_time=4)
_log = logging.get(__name__)


class StaleUploadStep(ItemStep[Upload]):
    """Removes uploads that a process left behind."""

    name = "uploads"
    items = "broken uploads"
    outcome = "Nobody sees the upload. Its bytes stay in storage and are listed."
    policy = _POLICY

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        *,
        bucket: str,
        stale_seconds: float = STALE_SECONDS,
    ) -> None:
        super().__init__(database)
        self._objects = objects
        self._bucket = bucket
        self._stale_seconds = stale_seconds

    def key(self, item: Upload) -> str:
        """Return the id that the transcription would have had."""
        return str(item.transcription_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[Upload]:
        """Give up uploads that have not moved for a time and return them."""
        return await Uploads(connection).stale(self._stale_seconds, limit)

    async def handle(self, item: Upload) -> None:
        """Remove the bytes of one upload, then its row."""
        await self._objects.delete(self._bucket, item.source_key)
        await self._objects.abort_uploads(self._bucket, item.source_key)
        async with self._database.transaction() as connection:
            await Uploads(connection).forget(item.transcription_id)
        _log.info("broken upload removed", transcription_id=item.transcription_id)


class RecordingStep(ItemStep[StoredSource]):
    """Deletes recordings whose transcripts have been complete for `CLEANUP_DELAY`."""

    name = "recordings"
    items = "recordings to be deleted after their transcript"
    outcome = "The recording is not used any more, and the transcription carries a warning."
    policy = _POLICY

    def __init__(
        self, database: Database, objects: ObjectStore, *, bucket: str, cleanup_delay: float
    ) -> None:
        """`cleanup_delay` is how many seconds a recording outlives its transcript."""
        super().__init__(database)
        self._objects = objects
        self._bucket = bucket
        self._cleanup_delay = cleanup_delay

    def key(self, item: StoredSource) -> str:
        """Return the transcription's id."""
        return str(item.transcription_id)

    async def due(self, connection: Connection, limit: int) -> Sequence[StoredSource]:
        """Give up recordings whose time has come and return them."""
        return await Transcriptions(connection).expire_sources(self._cleanup_delay, limit)

    async def handle(self, item: StoredSource) -> None:
        """Delete one recording."""
        await self._objects.delete(self._bucket, item.source_key)
        async with self._database.transaction() as connection:
            await Transcriptions(connection).source_erased(item.transcription_id)
            await Transcriptions(connection).unwarn(item.transcription_id, NOT_ERASED)
        _log.info("recording removed", transcription_id=item.transcription_id)

    async def set_aside(self, connection: Connection, item: StoredSource) -> None:
        """Warn the owner: somebody may rely on the file being gone."""
        await Transcriptions(connection).warn(item.transcription_id, NOT_ERASED)


async def forget_dead_tasks(database: Database) -> None:
    """Remove messages that were kept aside a month ago."""
    async with database.transaction() as connection:
        await Tasks(connection).delete_old_dead_letters()
