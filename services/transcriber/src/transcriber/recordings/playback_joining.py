"""Playback copies of recordings in parts, joined from those of the parts."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import BinaryIO

from common import logging, telemetry
from common.audio.playback import (
    WEBM_TYPE,
    PlaybackError,
    PlaybackFiles,
    directory_of_large_files,
)
from common.audio.playback_joining import PartCopy, join_copies
from common.audio.resampling import SAMPLE_RATE
from common.errors import DiskFullError, NotFoundError, UnavailableError
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.domain.jobs import Task
from transcriber.domain.playback import CopyKeys, MadeCopy, StoredCopy
from transcriber.store.playback import PlaybackCopies

_CHUNK_BYTES = 1024 * 1024
_log = logging.get(__name__)


class CopyJoiner:
    """Joins copies of parts."""

    def __init__(self, database: Database, objects: ObjectStore, *, bucket: str) -> None:
        self._database = database
        self._objects = objects
        self._bucket = bucket

    async def join(self, parts: Sequence[StoredCopy], merge: Task) -> StoredCopy | None:
        """Join the copies of all parts, in order, under the key of the merge.

        Return None if one of them was removed, because an earlier transcript has the joined copy
        then.

        Raises:
            PlaybackError: a copy is missing or damaged, or there is no room for the joined one.
            UnavailableError: the object store is away.
        """
        async with self._database.transaction() as connection:
            if await PlaybackCopies(connection).removed_before([one.result_key for one in parts]):
                return None
        try:
            made = await self._join(parts, CopyKeys.of_result(merge.result_key))
        except DiskFullError as error:
            raise _failed(merge, error) from error
        except UnavailableError:
            raise
        except (PlaybackError, NotFoundError, OSError) as error:
            raise _failed(merge, error) from error
        return StoredCopy(result_key=merge.result_key, made=_made(made))

    async def _join(self, parts: Sequence[StoredCopy], keys: CopyKeys) -> PlaybackFiles:
        directory = directory_of_large_files()
        with (
            tempfile.TemporaryFile(dir=directory) as copy,
            tempfile.TemporaryFile(dir=directory) as peaks,
        ):
            sources = [await self._source(part) for part in parts]
            made = await asyncio.to_thread(join_copies, sources, copy=copy, peaks=peaks)
            await self._objects.put_stream(self._bucket, keys.playback, _chunks(copy))
            await self._objects.put_stream(self._bucket, keys.peaks, _chunks(peaks))
            return made

    async def _source(self, part: StoredCopy) -> PartCopy:
        keys, made = CopyKeys.of_result(part.result_key), part.made
        return PartCopy(
            start=part.start,
            seconds=made.duration,
            copy=await self._pieces(keys.playback, made.size_bytes),
            peaks=await self._pieces(keys.peaks, made.peaks_bytes),
        )

    async def _pieces(self, key: str, size: int) -> Iterator[bytes]:
        """Return an object in pieces, each read when it is needed."""
        read = await self._objects.reader(self._bucket, key, size)
        return (
            read(offset, min(_CHUNK_BYTES, size - offset))
            for offset in range(0, size, _CHUNK_BYTES)
        )


def _failed(merge: Task, error: Exception) -> PlaybackError:
    """Count and log a failure to join a copy."""
    telemetry.PLAYBACK_COPIES.labels("failed").inc()
    _log.warning("no joined copy", job_id=merge.job_id, exc_info=error)
    return PlaybackError(str(error))


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    file.seek(0)
    while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
        yield chunk


def _made(files: PlaybackFiles) -> MadeCopy:
    return MadeCopy(
        content_type=WEBM_TYPE,
        size_bytes=files.copy_bytes,
        peaks_bytes=files.peaks_bytes,
        channels=files.channels,
        duration=files.samples / SAMPLE_RATE,
    )
