"""Captures: recordings arriving while they are made, and their chunks."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from common.identity import Owner
from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.live import LiveSound

#: Missing numbers that are told at most.
MOST_MISSING = 1000
_MOST_LISTED = 100
#: How long (seconds) users see captures that have ended.
_SEEN_SECONDS = 86_400.0
#: Bytes of a chunk may still arrive in the object store this long (seconds) after an end.
_LATE_SECONDS = 60.0

_ADD = """
INSERT INTO captures
    (capture_id, workspace_id, session_id, origin, request_id, transcription_id, source_key,
     title, media_type, request, live, idle_at)
SELECT %(capture_id)s, %(workspace_id)s, %(session_id)s, %(origin)s, %(request_id)s, id,
       id || '/source', %(title)s, %(media_type)s, %(request)s, %(live)s,
       now() + make_interval(secs => %(idle)s)
FROM nextval(pg_get_serial_sequence('transcriptions', 'id')) AS id
"""
_FIND = """
SELECT c.*, coalesce(t.job_id, '') AS job_id
FROM captures c LEFT JOIN transcriptions t ON t.id = c.result_id
WHERE c.capture_id = %s AND c.workspace_id = %s AND NOT c.given_up
"""
_LOCK = "SELECT 1 AS found FROM captures WHERE capture_id = %s FOR UPDATE"
_WORKSPACE_OF = """
SELECT workspace_id FROM captures WHERE capture_id = %s AND session_id = %s AND NOT given_up
"""
_FIND_BY_REQUEST = """
SELECT capture_id FROM captures WHERE workspace_id = %s AND request_id = %s AND NOT given_up
"""
_LIST = """
SELECT c.*, coalesce(t.job_id, '') AS job_id
FROM captures c LEFT JOIN transcriptions t ON t.id = c.result_id
WHERE c.workspace_id = %s AND NOT c.given_up
ORDER BY c.created_at DESC, c.capture_id LIMIT %s
"""
_COUNT = "SELECT count(*) AS number FROM captures WHERE workspace_id = %s AND state = 'receiving'"
_CHUNK = """
SELECT number, starts_stream, size_bytes, sha256, object_key FROM capture_chunks
WHERE capture_id = %s AND number = %s
"""
_CHUNKS = """
SELECT number, starts_stream, size_bytes, sha256, object_key FROM capture_chunks
WHERE capture_id = %s ORDER BY number
"""
_ADD_CHUNK = """
INSERT INTO capture_chunks (capture_id, number, starts_stream, size_bytes, sha256, object_key)
VALUES (%(capture_id)s, %(number)s, %(starts_stream)s, %(size)s, %(sha256)s, %(key)s)
"""
_COUNT_CHUNK = """
UPDATE captures
SET stored_bytes = stored_bytes + %(size)s,
    chunks_end = greatest(chunks_end, %(number)s + 1),
    next_chunk = (
        SELECT min(n) FROM generate_series(next_chunk, greatest(chunks_end, %(number)s + 1)) AS n
        WHERE NOT EXISTS (
            SELECT 1 FROM capture_chunks k
            WHERE k.capture_id = %(capture_id)s AND k.number = n)),
    idle_at = now() + make_interval(secs => %(idle)s)
WHERE capture_id = %(capture_id)s
"""
_TOUCH = "UPDATE captures SET idle_at = now() + make_interval(secs => %s) WHERE capture_id = %s"
_MISSING = """
SELECT n FROM generate_series(%(first)s::integer, %(end)s - 1) AS n
WHERE NOT EXISTS (
    SELECT 1 FROM capture_chunks k WHERE k.capture_id = %(capture_id)s AND k.number = n)
ORDER BY n LIMIT %(most)s
"""
_FINISH = """
UPDATE captures SET state = 'finishing', chunk_count = %s, allow_gaps = %s WHERE capture_id = %s
"""
_COMPLETE = """
UPDATE captures SET state = 'completed', result_id = %s, ended_at = now()
WHERE capture_id = %s AND state = 'finishing'
"""
_REJECT = """
UPDATE captures SET state = 'rejected', failure = %s, ended_at = now()
WHERE capture_id = %s AND state = 'finishing'
"""
_DISCARD = "UPDATE captures SET state = 'discarded', ended_at = now() WHERE capture_id = %s"
# A live session ends with its transcription, in the trash or in an erasure, which leaves no words.
_DISCARD_LIVE = """
UPDATE captures
SET state = 'discarded', ended_at = now(), title = '',
    request = jsonb_set(request, '{phrases}', '[]')
WHERE transcription_id = %s AND live IS NOT NULL AND state IN ('receiving', 'finishing', 'rejected')
"""
_END_LIVE = """
UPDATE captures
SET state = 'finishing', chunk_count = chunks_end, allow_gaps = true,
    request = jsonb_set(request, '{auto_start}', 'false')
WHERE transcription_id = %s AND live IS NOT NULL AND state = 'receiving'
"""
# Their rows stay until no bytes can arrive any more.
_GIVE_UP_OF = """
UPDATE captures
SET given_up = true, remains = true, title = '', request = '{}', ended_at = now(),
    state = CASE WHEN state = 'completed' THEN state ELSE 'discarded' END
WHERE workspace_id = %s
"""
# A transcription that was deleted leaves nothing to see of its capture.
_DUE = """
UPDATE captures
SET given_up = given_up OR (state = 'completed' AND result_id IS NULL)
               OR coalesce(ended_at < now() - make_interval(secs => %(seen)s), false),
    allow_gaps = allow_gaps OR state = 'receiving',
    state = CASE WHEN state = 'receiving' THEN 'finishing' ELSE state END
WHERE capture_id IN (
    SELECT capture_id FROM captures
    WHERE ((state = 'receiving' AND %(idle)s AND idle_at < now())
           OR state = 'finishing'
           OR (ended_at IS NOT NULL AND remains)
           OR (given_up AND ended_at < now() - make_interval(secs => %(late)s))
           OR ended_at < now() - make_interval(secs => %(seen)s)
           OR (state = 'completed' AND result_id IS NULL AND NOT given_up))
      AND NOT item_rests('captures', capture_id)
    ORDER BY idle_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING *, '' AS job_id
"""
_CLEARED = "UPDATE captures SET remains = false WHERE capture_id = %s"
_FORGET_CHUNKS = "DELETE FROM capture_chunks WHERE capture_id = %s"
_FORGET = """
DELETE FROM captures
WHERE capture_id = %s AND given_up AND ended_at < now() - make_interval(secs => %s)
"""
_FIGURES = """
SELECT count(*) AS captures, coalesce(sum(stored_bytes), 0)::bigint AS bytes
FROM captures WHERE state IN ('receiving', 'finishing')
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A durable chunk."""

    number: int
    starts_stream: bool
    size: int
    sha256: bytes
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Capture:
    """A capture. `chunks_end` is the number behind its highest chunk.

    `live` is the sound of a live session, None for others.
    """

    capture_id: str
    workspace_id: str
    session_id: str
    origin: str
    transcription_id: int
    source_key: str
    title: str
    media_type: str
    request: Mapping[str, Any]
    state: str
    next_chunk: int
    chunks_end: int
    stored_bytes: int
    chunk_count: int | None
    allow_gaps: bool
    created_at: dt.datetime
    idle_at: dt.datetime
    given_up: bool
    remains: bool
    result_id: int
    job_id: str
    failure: Mapping[str, Any] | None
    live: LiveSound | None = None


class Captures:
    """The tables of captures and of their chunks, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        owner: Owner,
        *,
        capture_id: str,
        request_id: str | None,
        title: str,
        media_type: str,
        request: Mapping[str, Any],
        origin: str,
        idle: float,
        live: LiveSound | None = None,
    ) -> None:
        """Add a capture that is idle after a number of seconds."""
        parameters = {
            "capture_id": capture_id,
            "workspace_id": owner.workspace_id,
            "session_id": owner.session_id,
            "origin": origin,
            "request_id": request_id,
            "title": title,
            "media_type": media_type,
            "request": Jsonb(dict(request)),
            "idle": idle,
            "live": None if live is None else Jsonb(live.to_json()),
        }
        await execute(self._connection, _ADD, parameters)

    async def find(self, capture_id: str, workspace_id: str) -> Capture | None:
        """Return a capture of a workspace."""
        row = await fetch_one(self._connection, _FIND, (capture_id, workspace_id))
        return None if row is None else _capture(row)

    async def lock(self, capture_id: str, workspace_id: str) -> Capture | None:
        """Return a capture as `find` does, and lock its row."""
        await fetch_one(self._connection, _LOCK, (capture_id,))
        return await self.find(capture_id, workspace_id)

    async def workspace_of(self, capture_id: str, session_id: str) -> str | None:
        """Return the workspace of a capture that a session has begun, None without one."""
        row = await fetch_one(self._connection, _WORKSPACE_OF, (capture_id, session_id))
        return None if row is None else row["workspace_id"]

    async def find_by_request(self, workspace_id: str, request_id: str) -> str | None:
        """Return the id of the capture created with a request id."""
        row = await fetch_one(self._connection, _FIND_BY_REQUEST, (workspace_id, request_id))
        return row["capture_id"] if row else None

    async def list_of(self, workspace_id: str) -> list[Capture]:
        """Return the captures of a workspace, latest first."""
        rows = await fetch_all(self._connection, _LIST, (workspace_id, _MOST_LISTED))
        return [_capture(row) for row in rows]

    async def receiving(self, workspace_id: str) -> int:
        """Return the number of a workspace's captures receiving chunks."""
        row = await fetch_one(self._connection, _COUNT, (workspace_id,))
        return int(row["number"]) if row else 0

    async def chunk(self, capture_id: str, number: int) -> Chunk | None:
        """Return a durable chunk."""
        row = await fetch_one(self._connection, _CHUNK, (capture_id, number))
        return None if row is None else chunk_of(row)

    async def chunks(self, capture_id: str) -> list[Chunk]:
        """Return all durable chunks in order."""
        return [chunk_of(row) for row in await fetch_all(self._connection, _CHUNKS, (capture_id,))]

    async def add_chunk(self, capture_id: str, chunk: Chunk, *, idle: float) -> None:
        """Add a chunk to a locked capture, which is idle after a number of seconds."""
        parameters = {
            "capture_id": capture_id,
            "number": chunk.number,
            "starts_stream": chunk.starts_stream,
            "size": chunk.size,
            "sha256": chunk.sha256,
            "key": chunk.key,
            "idle": idle,
        }
        await execute(self._connection, _ADD_CHUNK, parameters)
        await execute(self._connection, _COUNT_CHUNK, parameters)

    async def touch(self, capture_id: str, *, idle: float) -> None:
        """Note a sign of life of the client."""
        await execute(self._connection, _TOUCH, (idle, capture_id))

    async def missing(self, capture: Capture, end: int | None = None) -> list[int]:
        """Return the numbers without a chunk below `end`, by default below the highest one."""
        parameters = {
            "capture_id": capture.capture_id,
            "first": capture.next_chunk,
            "end": capture.chunks_end if end is None else end,
            "most": MOST_MISSING,
        }
        return [row["n"] for row in await fetch_all(self._connection, _MISSING, parameters)]

    async def finish(self, capture_id: str, *, chunk_count: int, allow_gaps: bool) -> None:
        """Let a locked capture be put together."""
        await execute(self._connection, _FINISH, (chunk_count, allow_gaps, capture_id))

    async def complete(self, capture_id: str, result_id: int) -> bool:
        """End a capture with its transcription. Return False if it has ended otherwise."""
        return await execute(self._connection, _COMPLETE, (result_id, capture_id)) == 1

    async def reject(self, capture_id: str, failure: Mapping[str, Any]) -> None:
        """End a capture with a failure, unless it has ended otherwise."""
        await execute(self._connection, _REJECT, (Jsonb(dict(failure)), capture_id))

    async def discard(self, capture_id: str) -> None:
        """End a locked capture without a transcription."""
        await execute(self._connection, _DISCARD, (capture_id,))

    async def discard_live(self, transcription_id: int) -> None:
        """Discard the live session of a transcription that is being erased, if it goes on."""
        await execute(self._connection, _DISCARD_LIVE, (transcription_id,))

    async def end_live(self, transcription_id: int) -> None:
        """Finish the live session of a transcription with what has arrived, without a job."""
        await execute(self._connection, _END_LIVE, (transcription_id,))

    async def give_up_of(self, workspace_id: str) -> None:
        """Hide all captures of a workspace, and mark them for their removal."""
        await execute(self._connection, _GIVE_UP_OF, (workspace_id,))

    async def due(self, limit: int, *, idle: bool) -> Sequence[Capture]:
        """Finish idle captures, if `idle`. Return all with anything to do."""
        parameters = {"seen": _SEEN_SECONDS, "late": _LATE_SECONDS, "limit": limit, "idle": idle}
        return [_capture(row) for row in await fetch_all(self._connection, _DUE, parameters)]

    async def cleared(self, capture_id: str) -> None:
        """Note the removal of the objects, and forget the chunks."""
        await execute(self._connection, _FORGET_CHUNKS, (capture_id,))
        await execute(self._connection, _CLEARED, (capture_id,))

    async def forget(self, capture_id: str) -> None:
        """Remove the row of a given up capture, once no bytes can arrive any more."""
        await execute(self._connection, _FORGET, (capture_id, _LATE_SECONDS))

    async def figures(self) -> tuple[int, int]:
        """Return the number of unfinished captures of all owners, and the size of their chunks."""
        row = await fetch_one(self._connection, _FIGURES)
        return (row["captures"], row["bytes"]) if row else (0, 0)


def chunk_of(row: Mapping[str, Any]) -> Chunk:
    """Return a chunk from its row."""
    return Chunk(
        number=row["number"],
        starts_stream=row["starts_stream"],
        size=row["size_bytes"],
        sha256=bytes(row["sha256"]),
        key=row["object_key"],
    )


def _capture(row: Mapping[str, Any]) -> Capture:
    return Capture(
        capture_id=row["capture_id"],
        workspace_id=row["workspace_id"],
        session_id=row["session_id"],
        origin=row["origin"],
        transcription_id=row["transcription_id"],
        source_key=row["source_key"],
        title=row["title"],
        media_type=row["media_type"],
        request=row["request"],
        state=row["state"],
        next_chunk=row["next_chunk"],
        chunks_end=row["chunks_end"],
        stored_bytes=row["stored_bytes"],
        chunk_count=row["chunk_count"],
        allow_gaps=row["allow_gaps"],
        created_at=row["created_at"],
        idle_at=row["idle_at"],
        given_up=row["given_up"],
        remains=row["remains"],
        result_id=row["result_id"] or 0,
        job_id=row["job_id"],
        failure=row["failure"],
        live=LiveSound.of_json(row["live"]) if row["live"] else None,
    )
