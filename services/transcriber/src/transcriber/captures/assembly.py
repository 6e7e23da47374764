"""Recordings put together from the chunks of a capture."""

import asyncio
import collections
import hashlib
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import BinaryIO, cast

from common import lengths
from common.audio.joining import Joined, join
from common.audio.kinds import SNIFF_BYTES
from common.audio.playback import directory_of_large_files
from common.objects import ObjectStore
from transcriber.captures.streams import StreamFile
from transcriber.recordings.arrival import hashed
from transcriber.recordings.checks import judge
from transcriber.store.captures import Capture, Chunk

#: Chunks that are read ahead, of 3 MiB at most.
_AHEAD = 8
_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembled:
    """A recording in the object store. An empty `extension` is that of the capture's type."""

    size: int
    sha256: str
    extension: str = ""
    warnings: tuple[str, ...] = ()


class Assembler:
    """Writes the recording of a capture. Repeating it writes the same bytes."""

    def __init__(
        self,
        objects: ObjectStore,
        executor: Executor,
        *,
        bucket: str,
        seconds: float,
        max_duration: float,
    ) -> None:
        """`seconds` limits the joining of streams, and `max_duration` (seconds) their sound."""
        self._objects = objects
        self._executor = executor
        self._bucket = bucket
        self._seconds = seconds
        self._max_duration = max_duration

    async def concatenate(
        self, capture: Capture, chunks: Sequence[Chunk], filename: str, *, head: bytes = b""
    ) -> Assembled:
        """Write the chunks of one stream byte by byte, behind a head.

        Raises:
            FileUploadError: they are no kind of audio.
        """
        digest = hashlib.sha256()
        data = self._judged(self._bytes(chunks, head), filename)
        size = await self._objects.put_stream(
            self._bucket, capture.source_key, hashed(data, digest.update)
        )
        return Assembled(size=size, sha256=digest.hexdigest())

    async def join(self, capture: Capture, streams: Sequence[Sequence[Chunk]]) -> Assembled:
        """Write the sound of several streams, one after the other.

        Raises:
            AudioError: none of them has any.
            TimeoutError: it takes too long.
        """
        until = time.monotonic() + self._seconds
        loop = asyncio.get_running_loop()

        def read(chunk: Chunk) -> bytes:
            reading = self._objects.get(self._bucket, chunk.key)
            return asyncio.run_coroutine_threadsafe(reading, loop).result()

        files = [StreamFile(chunks, read, until=until) for chunks in streams]
        with tempfile.TemporaryFile(dir=directory_of_large_files()) as opened:
            target = cast(BinaryIO, opened)
            joined = await loop.run_in_executor(
                self._executor, lambda: join(files, target, most_seconds=self._max_duration)
            )
            digest = hashlib.sha256()
            size = await self._objects.put_stream(
                self._bucket, capture.source_key, hashed(_blocks(target), digest.update)
            )
        return Assembled(
            size=size,
            sha256=digest.hexdigest(),
            extension=joined.extension,
            warnings=self._warnings(joined, len(streams)),
        )

    def _warnings(self, joined: Joined, streams: int) -> tuple[str, ...]:
        found = [
            f"Part {index + 1} of {streams} of the recording has no sound that can be read. It was "
            "left out."
            for index in joined.skipped
        ]
        if joined.cut:
            found.append(
                f"The recording is longer than {lengths.clock(self._max_duration)} hours. The rest "
                "was left out."
            )
        return tuple(found)

    async def _bytes(self, chunks: Sequence[Chunk], head: bytes) -> AsyncIterator[bytes]:
        """Yield the bytes of chunks behind a head, and read the next ones meanwhile."""
        reading: collections.deque[asyncio.Task[bytes]] = collections.deque()
        if head:
            yield head
        try:
            for chunk in chunks:
                if len(reading) >= _AHEAD:
                    yield await reading.popleft()
                get = self._objects.get(self._bucket, chunk.key)
                reading.append(asyncio.create_task(get, name="read chunk"))
            while reading:
                yield await reading.popleft()
        finally:
            for task in reading:
                task.cancel()

    async def _judged(self, data: AsyncIterator[bytes], filename: str) -> AsyncIterator[bytes]:
        """Yield bytes once the first ones look like audio."""
        head = bytearray()
        judged = False
        async for block in data:
            if judged:
                yield block
                continue
            head += block
            if len(head) >= SNIFF_BYTES:
                judge(filename, bytes(head))
                judged = True
                yield bytes(head)
        if not judged:
            judge(filename, bytes(head))
            yield bytes(head)


async def _blocks(file: BinaryIO) -> AsyncIterator[bytes]:
    file.seek(0)
    while block := await asyncio.to_thread(file.read, _BLOCK_BYTES):
        yield block
