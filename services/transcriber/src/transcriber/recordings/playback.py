"""Reading of playback copies and their peaks, and removal of superseded copies."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from common import logging
from common.audio.peaks import HEADER_BYTES, PEAK_BYTES, PeakIndex, PeakLevel, read_index
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import ConflictError, NotFoundError, ValidationError
from common.objects import ObjectStore
from common.postgres import Connection, Database
from transcriber.domain.playback import CopyKeys, MadeCopy, PlaybackCopy
from transcriber.store import step_names
from transcriber.store.playback import PlaybackCopies

#: Most bytes of peaks in an answer.
MOST_PEAK_BYTES = 1024 * 1024
_CHUNK_BYTES = 512 * 1024
_DEFAULT_RATE = 20
_log = logging.get(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waveform:
    """Peaks of one level from number `first` on, as described in `common.audio.peaks`."""

    level: PeakLevel
    channels: int
    first: int
    length: int
    data: bytes


class PlaybackReader:
    """Reads the copies of a workspace's transcriptions."""

    def __init__(self, database: Database, objects: ObjectStore, *, bucket: str) -> None:
        self._database = database
        self._objects = objects
        self._bucket = bucket

    async def find(self, transcription_id: int, workspace_id: str) -> tuple[PlaybackCopy, MadeCopy]:
        """Return the copy of a transcription.

        Raises:
            NotFoundError: there is no such transcription, or it has no copy. The details have a
                `reason`.
        """
        async with self._database.transaction() as connection:
            found = await PlaybackCopies(connection).find(transcription_id, workspace_id)
        if found is None:
            raise NotFoundError("There is no such transcription.")
        if found.made is None:
            raise _missing(found)
        return found, found.made

    async def read(
        self,
        transcription_id: int,
        workspace_id: str,
        *,
        offset: int = 0,
        length: int = 0,
        version: str = "",
    ) -> AsyncIterator[bytes]:
        """Yield `length` bytes of a copy, or all from `offset` on.

        Raises:
            NotFoundError: there is no copy.
            ValidationError: the bytes lie outside of it.
            ConflictError: it is not the copy of `version`.
        """
        found, made = await self.find(transcription_id, workspace_id)
        if version not in {"", version_of(found)}:
            raise ConflictError("The copy was replaced. Read it again.")
        if not 0 <= offset <= made.size_bytes or length < 0:
            raise ValidationError.of("offset", f"The copy has {made.size_bytes} bytes.")
        end = made.size_bytes if not length else min(made.size_bytes, offset + length)
        read = await self._objects.reader(self._bucket, found.keys.playback, made.size_bytes)
        for start in range(offset, end, _CHUNK_BYTES):
            yield await asyncio.to_thread(read, start, min(_CHUNK_BYTES, end - start))

    async def peaks(
        self,
        transcription_id: int,
        workspace_id: str,
        *,
        rate: int = 0,
        start: float = 0.0,
        end: float | None = None,
    ) -> Waveform:
        """Return the peaks of a level between two times in seconds.

        Raises:
            NotFoundError: there is no copy.
            ValidationError: there is no such level, or these are too many peaks.
        """
        found, made = await self.find(transcription_id, workspace_id)
        read = await self._objects.reader(self._bucket, found.keys.peaks, made.peaks_bytes)
        index = read_index(await asyncio.to_thread(read, 0, HEADER_BYTES))
        level = _level(index, rate or _DEFAULT_RATE)
        wanted = level.between(start, end)
        width = PEAK_BYTES * index.channels
        if len(wanted) * width > MOST_PEAK_BYTES:
            raise ValidationError.of(
                "rate",
                f"These are {len(wanted)} peaks. Ask for at most {MOST_PEAK_BYTES // width} at a "
                "time, or for a lower rate.",
            )
        data = b""
        if wanted:
            place = level.offset + wanted.start * width
            data = await asyncio.to_thread(read, place, len(wanted) * width)
        return Waveform(
            level=level,
            channels=index.channels,
            first=wanted.start,
            length=len(wanted),
            data=data,
        )


class SupersededCopyStep(ItemStep[int]):
    """Removes copies replaced by others."""

    name = step_names.PLAYBACK_COPIES
    items = "transcriptions with replaced playback copies"
    outcome = "The replaced copies stay stored until the transcription is deleted."
    policy = Policy(most_attempts=10, first_pause=15.0, longest_pause=3600.0, at_a_time=4)

    def __init__(self, database: Database, objects: ObjectStore, *, bucket: str) -> None:
        super().__init__(database)
        self._objects = objects
        self._bucket = bucket

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions with copies to be removed."""
        return await PlaybackCopies(connection).due(limit)

    async def handle(self, item: int) -> None:
        """Remove the copies of one transcription."""
        async with self._database.transaction() as connection:
            results = await PlaybackCopies(connection).to_remove(item)
        for result_key in results:
            keys = CopyKeys.of_result(result_key)
            await self._objects.delete(self._bucket, keys.playback)
            await self._objects.delete(self._bucket, keys.peaks)
            async with self._database.transaction() as connection:
                await PlaybackCopies(connection).removed(result_key)
        _log.info("replaced copies removed", transcription_id=item, copies=len(results))


def version_of(copy: PlaybackCopy) -> str:
    """Return a short name of a copy, which no other copy has."""
    return hashlib.sha256(copy.keys.playback.encode()).hexdigest()[:32]


def _level(index: PeakIndex, rate: int) -> PeakLevel:
    level = index.level(rate)
    if level is None:
        rates = ", ".join(str(level.rate) for level in index.levels)
        raise ValidationError.of("rate", f"rate must be one of {rates}.")
    return level


def _missing(copy: PlaybackCopy) -> NotFoundError:
    if copy.transcript_at is None:
        return NotFoundError(
            "The playback copy is made while the recording is transcribed, and there is no "
            "transcript yet.",
            {"reason": "NO_TRANSCRIPT"},
        )
    remedy = (
        "Transcribe the recording again to make one."
        if copy.source_available
        else "The recording is not kept any more, so none can be made. Upload it again."
    )
    return NotFoundError(
        "This transcript has no playback copy: it was made by an earlier version, or with "
        f"PLAYBACK_COPY=false, or the copy failed. {remedy}",
        {"reason": "NO_COPY"},
    )
