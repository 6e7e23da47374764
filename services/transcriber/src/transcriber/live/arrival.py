"""Sound of a session on its way to a recognizer: in order, and from durable chunks only."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from common.errors import NotFoundError
from common.objects import ObjectStore
from common.postgres import Database
from transcriber.domain.live import LiveSound
from transcriber.live import raw_sound
from transcriber.store.captures import Chunk
from transcriber.store.live_sound import LiveChunks

#: Bytes of the latest chunks that are held in memory. Others are read from the object store.
MOST_HELD_BYTES = 2 * 1024 * 1024
#: Chunks that are read from the object store at once, of 3 MiB at most.
_AT_A_TIME = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A chunk as the client sent it, or the rest of one."""

    number: int
    data: bytes
    starts_stream: bool


class ArrivingSound:
    """Durable chunks of a session, as they arrive."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        *,
        bucket: str,
        capture_id: str,
        sound: LiveSound,
        next_chunk: int,
    ) -> None:
        """`next_chunk` is the first number that is not durable."""
        self._database = database
        self._objects = objects
        self._bucket = bucket
        self._capture_id = capture_id
        self._sound = sound
        self._next_chunk = next_chunk
        self._complete = False
        self._changed = asyncio.Event()
        self._held: dict[int, Piece] = {}
        self._held_bytes = 0

    @property
    def complete(self) -> bool:
        """Whether no more chunks will follow."""
        return self._complete

    def hold(self, piece: Piece) -> None:
        """Keep a durable chunk in memory for the recognizer, if there is room."""
        fits = self._held_bytes + len(piece.data) <= MOST_HELD_BYTES
        if fits and piece.number not in self._held:
            self._held[piece.number] = piece
            self._held_bytes += len(piece.data)

    def advance(self, next_chunk: int) -> None:
        """Note that all chunks below a number are durable."""
        if next_chunk > self._next_chunk:
            self._next_chunk = next_chunk
            self._changed.set()

    def finish(self) -> None:
        """Note that no more chunks will follow."""
        self._complete = True
        self._changed.set()

    def is_durable(self, number: int) -> bool:
        """Return whether a chunk and all before it are durable."""
        return self._next_chunk > number

    async def has(self, number: int) -> bool:
        """Wait until a chunk is durable. Return False if it will not come any more."""
        while not self.is_durable(number) and not self._complete:
            self._changed.clear()
            await self._changed.wait()
        return self.is_durable(number)

    async def pieces(self, first: int, skip: int) -> AsyncIterator[Piece]:
        """Yield the sound from a chunk on, without its first `skip` bytes, until it is complete.

        Raises:
            ApplicationError: a chunk cannot be read now.
        """
        number = first
        while True:
            self._changed.clear()
            async for piece in self._durable(number):
                number = piece.number + 1
                rest = piece.data[skip:] if piece.number == first else piece.data
                if rest:
                    yield replace(piece, data=rest)
            if self._complete and number >= self._next_chunk:
                return
            await self._changed.wait()

    async def _durable(self, first: int) -> AsyncIterator[Piece]:
        """Yield the chunks that are durable now."""
        number = first
        while number < self._next_chunk:
            held = self._take(number)
            pieces = [held] if held is not None else await self._stored(number)
            for piece in pieces:
                yield piece
            number += len(pieces)

    def _take(self, number: int) -> Piece | None:
        """Remove a chunk from memory, and those before it."""
        passed = {one: self._held.pop(one) for one in sorted(self._held) if one <= number}
        self._held_bytes -= sum(len(piece.data) for piece in passed.values())
        return passed.get(number)

    async def _stored(self, first: int) -> list[Piece]:
        """Return the next chunks from the object store."""
        end = min(self._next_chunk, first + _AT_A_TIME)
        async with self._database.transaction() as connection:
            chunks = await LiveChunks(connection).between(self._capture_id, first, end)
        if len(chunks) < end - first:
            raise NotFoundError("The sound of this session is gone.")
        return list(await asyncio.gather(*map(self._read, chunks)))

    async def _read(self, chunk: Chunk) -> Piece:
        data = await self._objects.get(self._bucket, chunk.key)
        return Piece(
            number=chunk.number,
            data=raw_sound.received(self._sound, chunk.number, data),
            starts_stream=chunk.starts_stream,
        )
