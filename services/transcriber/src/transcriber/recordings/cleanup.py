"""Removes what is not needed any more: broken uploads, old recordings, messages kept aside."""

from common import logging
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.store.tasks import Tasks
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.uploads import Uploads

#: An upload that has not moved for so long (seconds) was left behind by a process that died.
STALE_SECONDS = 3600.0
_log = logging.get(__name__)


class Housekeeper:
    """Tidies up. Everything is noted before it is removed, so that nothing is forgotten."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        *,
        bucket_audio: str,
        cleanup_delay: float,
        stale_seconds: float = STALE_SECONDS,
    ) -> None:
        """`cleanup_delay` is how many seconds a recording outlives its transcript."""
        self._database = database
        self._objects = objects
        self._bucket = bucket_audio
        self._cleanup_delay = cleanup_delay
        self._stale_seconds = stale_seconds

    async def step(self) -> None:
        """Tidies up once."""
        await self._remove_stale_uploads()
        await self._remove_old_recordings()
        async with self._database.transaction() as connection:
            await Tasks(connection).forget_buried()

    async def _remove_stale_uploads(self) -> None:
        async with self._database.transaction() as connection:
            stale = await Uploads(connection).stale(self._stale_seconds)
        for upload in stale:
            await self._objects.delete(self._bucket, upload.source_key)
            await self._objects.abort_uploads(self._bucket, upload.source_key)
            async with self._database.transaction() as connection:
                await Uploads(connection).forget(upload.transcription_id)
            _log.info("a broken upload was removed", transcription_id=upload.transcription_id)

    async def _remove_old_recordings(self) -> None:
        async with self._database.transaction() as connection:
            expired = await Transcriptions(connection).expire_sources(self._cleanup_delay)
        for source in expired:
            await self._objects.delete(self._bucket, source.source_key)
            async with self._database.transaction() as connection:
                await Transcriptions(connection).source_erased(source.transcription_id)
            _log.info("a recording was removed", transcription_id=source.transcription_id)
