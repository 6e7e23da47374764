"""Places in the sound of a live session, by its chunks."""

from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.store.captures import Chunk, chunk_of

_CHUNKS_BETWEEN = """
SELECT number, starts_stream, size_bytes, sha256, object_key FROM capture_chunks
WHERE capture_id = %s AND number >= %s AND number < %s ORDER BY number
"""
# Later ones may be there already, behind a gap.
_CHUNK_AT = """
SELECT number, total - size_bytes AS before FROM (
    SELECT number, size_bytes, sum(size_bytes) OVER (ORDER BY number) AS total
    FROM capture_chunks WHERE capture_id = %(capture_id)s AND number < %(end)s) AS sized
WHERE total > %(offset)s ORDER BY number LIMIT 1
"""
_STREAM_STARTS = """
SELECT k.number, k.stream_seconds FROM capture_chunks k JOIN captures c USING (capture_id)
WHERE k.capture_id = %s AND k.starts_stream AND k.number < c.next_chunk ORDER BY k.number
"""
_MEASURED = """
UPDATE capture_chunks SET stream_seconds = %s WHERE capture_id = %s AND number = %s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamStart:
    """The first chunk of a media stream, and the stream's length once it was measured."""

    number: int
    seconds: float | None


class LiveChunks:
    """The chunks of live sessions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def between(self, capture_id: str, first: int, end: int) -> list[Chunk]:
        """Return the durable chunks from `first` to before `end` in order."""
        rows = await fetch_all(self._connection, _CHUNKS_BETWEEN, (capture_id, first, end))
        return [chunk_of(row) for row in rows]

    async def at(self, capture_id: str, offset: int, *, end: int) -> tuple[int, int] | None:
        """Return the chunk with a byte of the recording, and the bytes of all chunks before it.

        Return None if no chunk below the number `end` has it.
        """
        parameters = {"capture_id": capture_id, "offset": offset, "end": end}
        row = await fetch_one(self._connection, _CHUNK_AT, parameters)
        return None if row is None else (row["number"], int(row["before"]))

    async def stream_starts(self, capture_id: str) -> list[StreamStart]:
        """Return the beginnings of media streams below the first missing chunk, in order."""
        return [
            StreamStart(number=row["number"], seconds=row["stream_seconds"])
            for row in await fetch_all(self._connection, _STREAM_STARTS, (capture_id,))
        ]

    async def measured(self, capture_id: str, number: int, seconds: float) -> None:
        """Note the length of the media stream that begins with a chunk."""
        await execute(self._connection, _MEASURED, (seconds, capture_id, number))
