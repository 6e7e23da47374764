"""Uploads in pieces: their stored bytes, their leases, and their ends."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from common.identity import Owner
from common.postgres import Connection, execute, fetch_all, fetch_one

#: A lease without new bytes ends after this long (seconds), for example when its process died.
LEASE_SECONDS = 6.0
#: Bytes of a dead lease may still arrive in the object store for this long (seconds).
_LATE_SECONDS = 30.0
_MOST_LISTED = 1000

_ADD = """
INSERT INTO resumable_uploads
    (upload_id, workspace_id, session_id, origin, request_id, transcription_id, source_key,
     filename, size_bytes, request, client_metadata, expires_at)
SELECT %(upload_id)s, %(workspace_id)s, %(session_id)s, %(origin)s, %(request_id)s, id,
       id || '/source', %(filename)s, %(size_bytes)s, %(request)s,
       %(client_metadata)s,
       now() + make_interval(secs => %(seconds)s)
FROM nextval(pg_get_serial_sequence('transcriptions', 'id')) AS id
ON CONFLICT DO NOTHING
"""
_FIND = """
SELECT u.*, coalesce(t.job_id, '') AS job_id, u.leased_until > now() AS leased
FROM resumable_uploads u LEFT JOIN transcriptions t ON t.id = u.result_id
WHERE u.upload_id = %s AND u.workspace_id = %s AND NOT u.given_up AND u.expires_at > now()
"""
_LOCK = "SELECT 1 AS found FROM resumable_uploads WHERE upload_id = %s FOR UPDATE"
_FIND_BY_REQUEST = """
SELECT upload_id FROM resumable_uploads
WHERE workspace_id = %s AND request_id = %s AND NOT given_up
"""
_LIST = """
SELECT u.*, coalesce(t.job_id, '') AS job_id, u.leased_until > now() AS leased
FROM resumable_uploads u LEFT JOIN transcriptions t ON t.id = u.result_id
WHERE u.workspace_id = %s AND NOT u.given_up AND u.expires_at > now()
ORDER BY u.created_at DESC, u.upload_id LIMIT %s
"""
_COUNT = """
SELECT count(*) AS number FROM resumable_uploads WHERE workspace_id = %s AND state = 'receiving'
"""
_TAKE = """
UPDATE resumable_uploads
SET lease = %(lease)s, leased_until = now() + make_interval(secs => %(held)s),
    last_offset = %(offset)s, expires_at = now() + make_interval(secs => %(seconds)s)
WHERE upload_id = %(upload_id)s
"""
_RENEW = """
UPDATE resumable_uploads SET leased_until = now() + make_interval(secs => %s)
WHERE upload_id = %s AND lease = %s AND NOT given_up
"""
_RELEASE = """
UPDATE resumable_uploads SET lease = '', leased_until = 'epoch'
WHERE upload_id = %s AND lease = %s
"""
_BEGIN_PARTS = """
UPDATE resumable_uploads SET multipart_id = %s WHERE upload_id = %s AND lease = %s AND NOT given_up
"""
_SAVE = """
UPDATE resumable_uploads
SET offset_bytes = %(offset)s, parts = %(parts)s, tail = %(tail)s, assembled = %(assembled)s,
    leased_until = now() + make_interval(secs => %(held)s),
    expires_at = now() + make_interval(secs => %(seconds)s)
WHERE upload_id = %(upload_id)s AND lease = %(lease)s AND state = 'receiving' AND NOT given_up
"""
_COMPLETE = """
UPDATE resumable_uploads
SET state = 'completed', result_id = %s, lease = '', leased_until = 'epoch'
WHERE upload_id = %s AND lease = %s AND state = 'receiving' AND NOT given_up
"""
_REJECT = """
UPDATE resumable_uploads
SET state = 'rejected', failure = %s, remains = true, lease = '', leased_until = 'epoch'
WHERE upload_id = %s AND lease = %s AND state = 'receiving' AND NOT given_up
"""
_GIVE_UP = """
UPDATE resumable_uploads SET given_up = true
WHERE upload_id = %s AND workspace_id = %s AND state <> 'completed'
"""
_GIVE_UP_OF = "UPDATE resumable_uploads SET given_up = true WHERE workspace_id = %s"
# Bytes of a refused file are removed at once, and its row once nobody asks for the reason any more.
_DUE = """
UPDATE resumable_uploads SET given_up = given_up OR expires_at < now()
WHERE upload_id IN (
    SELECT upload_id FROM resumable_uploads
    WHERE (given_up OR remains OR expires_at < now())
      AND leased_until < now() - make_interval(secs => %s)
      AND NOT item_rests('resumable-uploads', upload_id)
    ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING *, '' AS job_id, false AS leased
"""
_CLEARED = "UPDATE resumable_uploads SET remains = false WHERE upload_id = %s"
_FORGET = "DELETE FROM resumable_uploads WHERE upload_id = %s AND given_up"
_FIGURES = """
SELECT count(*) AS uploads, coalesce(sum(size_bytes), 0)::bigint AS bytes
FROM resumable_uploads WHERE state = 'receiving'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class TailPiece:
    """An object with bytes waiting to fill a part."""

    key: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """Stored bytes of an upload: whole parts and pieces behind them, or the whole object."""

    offset: int = 0
    parts: tuple[str, ...] = ()
    tail: tuple[TailPiece, ...] = ()
    assembled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ResumableUpload:
    """An upload in pieces. `result_id` is its transcription once it is complete."""

    upload_id: str
    workspace_id: str
    session_id: str
    origin: str
    transcription_id: int
    source_key: str
    filename: str
    size_bytes: int
    request: Mapping[str, Any]
    client_metadata: str
    state: str
    stored: Stored
    last_offset: int
    multipart_id: str
    leased: bool
    created_at: dt.datetime
    expires_at: dt.datetime
    given_up: bool
    result_id: int
    job_id: str
    failure: Mapping[str, Any] | None


class ResumableUploads:
    """The table of uploads in pieces, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        owner: Owner,
        *,
        upload_id: str,
        request_id: str | None,
        filename: str,
        size_bytes: int,
        request: Mapping[str, Any],
        client_metadata: str,
        origin: str,
        seconds: float,
    ) -> None:
        """Add an upload with `seconds` until its expiry, unless its request id exists."""
        parameters = {
            "upload_id": upload_id,
            "workspace_id": owner.workspace_id,
            "session_id": owner.session_id,
            "origin": origin,
            "request_id": request_id,
            "filename": filename,
            "size_bytes": size_bytes,
            "request": Jsonb(dict(request)),
            "client_metadata": client_metadata,
            "seconds": seconds,
        }
        await execute(self._connection, _ADD, parameters)

    async def find(self, upload_id: str, workspace_id: str) -> ResumableUpload | None:
        """Return an upload of a workspace, unless it has expired or was cancelled."""
        return _upload(await fetch_one(self._connection, _FIND, (upload_id, workspace_id)))

    async def lock(self, upload_id: str, workspace_id: str) -> ResumableUpload | None:
        """Return an upload as `find` does, and lock its row."""
        await fetch_one(self._connection, _LOCK, (upload_id,))
        return await self.find(upload_id, workspace_id)

    async def find_by_request(self, workspace_id: str, request_id: str) -> str | None:
        """Return the id of the upload created with a request id."""
        row = await fetch_one(self._connection, _FIND_BY_REQUEST, (workspace_id, request_id))
        return row["upload_id"] if row else None

    async def list_of(self, workspace_id: str) -> list[ResumableUpload]:
        """Return the uploads of a workspace, latest first."""
        rows = await fetch_all(self._connection, _LIST, (workspace_id, _MOST_LISTED))
        return [_known(row) for row in rows]

    async def unfinished(self, workspace_id: str) -> int:
        """Return the number of a workspace's unfinished uploads."""
        row = await fetch_one(self._connection, _COUNT, (workspace_id,))
        return int(row["number"]) if row else 0

    async def take(self, upload_id: str, lease: str, *, offset: int, seconds: float) -> None:
        """Give the lease of a locked row away, for an append at an offset."""
        parameters = {
            "upload_id": upload_id,
            "lease": lease,
            "held": LEASE_SECONDS,
            "offset": offset,
            "seconds": seconds,
        }
        await execute(self._connection, _TAKE, parameters)

    async def renew(self, upload_id: str, lease: str) -> bool:
        """Hold a lease longer. Return False if it was lost."""
        parameters = (LEASE_SECONDS, upload_id, lease)
        return await execute(self._connection, _RENEW, parameters) == 1

    async def release(self, upload_id: str, lease: str) -> None:
        """Return a lease."""
        await execute(self._connection, _RELEASE, (upload_id, lease))

    async def begin_parts(self, upload_id: str, lease: str, multipart_id: str) -> bool:
        """Note the multipart upload. Return False if the lease was lost."""
        parameters = (multipart_id, upload_id, lease)
        return await execute(self._connection, _BEGIN_PARTS, parameters) == 1

    async def save(self, upload_id: str, lease: str, stored: Stored, *, seconds: float) -> bool:
        """Note the stored bytes. Return False if the lease was lost."""
        parameters = {
            "upload_id": upload_id,
            "lease": lease,
            "offset": stored.offset,
            "parts": list(stored.parts),
            "tail": Jsonb([[piece.key, piece.size] for piece in stored.tail]),
            "assembled": stored.assembled,
            "held": LEASE_SECONDS,
            "seconds": seconds,
        }
        return await execute(self._connection, _SAVE, parameters) == 1

    async def complete(self, upload_id: str, lease: str, result_id: int) -> bool:
        """End an upload with its transcription. Return False if the lease was lost."""
        return await execute(self._connection, _COMPLETE, (result_id, upload_id, lease)) == 1

    async def reject(self, upload_id: str, lease: str, failure: Mapping[str, Any]) -> bool:
        """End an upload with a failure. Return False if the lease was lost."""
        parameters = (Jsonb(dict(failure)), upload_id, lease)
        return await execute(self._connection, _REJECT, parameters) == 1

    async def give_up(self, upload_id: str, workspace_id: str) -> bool:
        """Mark an upload for its removal. Return False if it is complete."""
        return await execute(self._connection, _GIVE_UP, (upload_id, workspace_id)) == 1

    async def give_up_of(self, workspace_id: str) -> None:
        """Mark all uploads of a workspace for their removal."""
        await execute(self._connection, _GIVE_UP_OF, (workspace_id,))

    async def due(self, limit: int) -> Sequence[ResumableUpload]:
        """Give up expired uploads. Return all with bytes or rows to remove."""
        return [
            _known(row) for row in await fetch_all(self._connection, _DUE, (_LATE_SECONDS, limit))
        ]

    async def cleared(self, upload_id: str) -> None:
        """Note the removal of a refused file."""
        await execute(self._connection, _CLEARED, (upload_id,))

    async def forget(self, upload_id: str) -> None:
        """Remove the row of a given up upload after its bytes."""
        await execute(self._connection, _FORGET, (upload_id,))

    async def figures(self) -> tuple[int, int]:
        """Return the number of unfinished uploads of all owners, and the size of their files."""
        row = await fetch_one(self._connection, _FIGURES)
        return (row["uploads"], row["bytes"]) if row else (0, 0)


def _upload(row: Mapping[str, Any] | None) -> ResumableUpload | None:
    return None if row is None else _known(row)


def _known(row: Mapping[str, Any]) -> ResumableUpload:
    return ResumableUpload(
        upload_id=row["upload_id"],
        workspace_id=row["workspace_id"],
        session_id=row["session_id"],
        origin=row["origin"],
        transcription_id=row["transcription_id"],
        source_key=row["source_key"],
        filename=row["filename"],
        size_bytes=row["size_bytes"],
        request=row["request"],
        client_metadata=row["client_metadata"],
        state=row["state"],
        stored=Stored(
            offset=row["offset_bytes"],
            parts=tuple(row["parts"]),
            tail=tuple(TailPiece(key=key, size=size) for key, size in row["tail"]),
            assembled=row["assembled"],
        ),
        last_offset=row["last_offset"],
        multipart_id=row["multipart_id"],
        leased=row["leased"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        given_up=row["given_up"],
        result_id=row["result_id"] or 0,
        job_id=row["job_id"],
        failure=row["failure"],
    )
