"""Places in the stored sound from which a recognizer goes on."""

import asyncio
import itertools
import time
from concurrent.futures import Executor
from dataclasses import dataclass

from common.errors import TimedOutError
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.captures.streams import StreamFile
from transcriber.domain.live import LiveSound
from transcriber.live import raw_sound
from transcriber.live.stream_length import sound_seconds
from transcriber.store.captures import Capture, Captures, Chunk
from transcriber.store.live_sound import LiveChunks, StreamStart

#: Time for measuring one media stream, in seconds.
_MEASURING_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A place in the sound: a chunk, bytes of it to skip, and the time of what follows (seconds).

    Files with a container can only be read from the beginning of a media stream. Then the time is
    before the one that was asked for.
    """

    chunk: int
    skip: int = 0
    time: float = 0.0


class RestartPlaces:
    """Finds the place of a time in the stored sound of a session."""

    def __init__(
        self, database: Database, objects: ObjectStore, executor: Executor, *, bucket: str
    ) -> None:
        """Media streams are measured on the executor."""
        self._database = database
        self._objects = objects
        self._executor = executor
        self._bucket = bucket

    async def find(
        self, capture: Capture, sound: LiveSound, seconds: float, *, broken: int = -1
    ) -> Place:
        """Return the last place at or before a time.

        Media streams up to the one that begins with the chunk `broken` are passed over if another
        one follows.

        Raises:
            ApplicationError: the stored sound cannot be read now.
        """
        if sound.frame_bytes:
            return await self._of_samples(capture, sound, seconds)
        async with self._database.transaction() as connection:
            starts = await LiveChunks(connection).stream_starts(capture.capture_id)
        begins = 0.0
        for start, following in itertools.pairwise(starts):
            length = start.seconds
            if length is None:
                length = await self._measured(capture, start, following)
            if begins + length > seconds and start.number > broken:
                return Place(chunk=start.number, time=begins)
            begins += length
        return Place(chunk=starts[-1].number if starts else 0, time=begins)

    async def _of_samples(self, capture: Capture, sound: LiveSound, seconds: float) -> Place:
        frames = int(seconds * sound.sample_rate)
        offset = frames * sound.frame_bytes
        async with self._database.transaction() as connection:
            current = await Captures(connection).find(capture.capture_id, capture.workspace_id)
            end = capture.next_chunk if current is None else current.next_chunk
            found = await LiveChunks(connection).at(
                capture.capture_id, raw_sound.HEADER_BYTES + offset, end=end
            )
        if found is None:
            # All that is stored is recognized, or nothing is stored.
            return Place(chunk=end, time=frames / sound.sample_rate)
        number, before = found
        begins = max(before, raw_sound.HEADER_BYTES)
        return Place(
            chunk=number,
            skip=raw_sound.HEADER_BYTES + offset - begins,
            time=frames / sound.sample_rate,
        )

    async def _measured(
        self, capture: Capture, start: StreamStart, following: StreamStart
    ) -> float:
        """Return the length of a complete media stream in seconds, and remember it."""
        async with self._database.transaction() as connection:
            chunks = await LiveChunks(connection).between(
                capture.capture_id, start.number, following.number
            )
        loop = asyncio.get_running_loop()

        def read(chunk: Chunk) -> bytes:
            reading = self._objects.get(self._bucket, chunk.key)
            return asyncio.run_coroutine_threadsafe(reading, loop).result()

        file = StreamFile(chunks, read, until=time.monotonic() + _MEASURING_SECONDS)
        try:
            seconds = await loop.run_in_executor(self._executor, sound_seconds, file)
        except TimeoutError as error:
            raise TimedOutError("The stored sound could not be read in time.") from error
        async with self._database.transaction() as connection:
            await LiveChunks(connection).measured(capture.capture_id, start.number, seconds)
        return seconds
