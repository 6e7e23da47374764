"""What a workspace or an address holds of the queue and of the storage."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.postgres import Connection, fetch_one
from transcriber.store.uploads import HOLDS_SECONDS

_PLACES = """
SELECT (SELECT count(*) FROM jobs WHERE workspace_id = %(workspace_id)s AND status = 'queued')
     + (SELECT count(*) FROM uploads
        WHERE workspace_id = %(workspace_id)s AND auto_start AND NOT given_up
          AND touched_at > now() - make_interval(secs => %(holds)s)) AS value
"""
_PLACES_OF_ORIGIN = """
SELECT (SELECT count(*) FROM jobs WHERE origin = %(origin)s AND status = 'queued')
     + (SELECT count(*) FROM uploads
        WHERE origin = %(origin)s AND auto_start AND NOT given_up
          AND touched_at > now() - make_interval(secs => %(holds)s)) AS value
"""
_STORED_BYTES = """
SELECT coalesce((SELECT sum(size_bytes) FROM transcriptions
                 WHERE workspace_id = %(workspace_id)s AND source_deleted_at IS NULL), 0)
     + coalesce((SELECT sum(playback_bytes + peaks_bytes) FROM transcriptions
                 WHERE workspace_id = %(workspace_id)s), 0)
     + coalesce((SELECT sum(reserved_bytes) FROM uploads
                 WHERE workspace_id = %(workspace_id)s), 0)
     + coalesce((SELECT sum(size_bytes) FROM resumable_uploads
                 WHERE workspace_id = %(workspace_id)s AND state = 'receiving'), 0)
     + coalesce((SELECT sum(stored_bytes) FROM captures
                 WHERE workspace_id = %(workspace_id)s
                   AND state IN ('receiving', 'finishing')), 0) AS value
"""
# Every signal of a recording is processed by itself.
_QUEUED_SECONDS = """
SELECT coalesce(sum(t.duration * greatest(1, jsonb_array_length(j.channel_plan -> 'signals'))), 0)
       AS value
FROM jobs j JOIN transcriptions t ON t.id = j.transcription_id
WHERE j.workspace_id = %(workspace_id)s AND j.status = 'queued'
"""
_STORED_BYTES_OF_ORIGIN = """
SELECT coalesce((SELECT sum(size_bytes) FROM transcriptions
                 WHERE origin = %(origin)s AND origin <> '' AND source_deleted_at IS NULL), 0)
     + coalesce((SELECT sum(reserved_bytes) FROM uploads WHERE origin = %(origin)s), 0)
     + coalesce((SELECT sum(size_bytes) FROM resumable_uploads
                 WHERE origin = %(origin)s AND origin <> '' AND state = 'receiving'), 0)
     + coalesce((SELECT sum(stored_bytes) FROM captures
                 WHERE origin = %(origin)s AND origin <> ''
                   AND state IN ('receiving', 'finishing')), 0) AS value
"""
_QUEUED_SECONDS_OF_ORIGIN = """
SELECT coalesce(sum(t.duration * greatest(1, jsonb_array_length(j.channel_plan -> 'signals'))), 0)
       AS value
FROM jobs j JOIN transcriptions t ON t.id = j.transcription_id
WHERE j.origin = %(origin)s AND j.origin <> '' AND j.status = 'queued'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """Use of one workspace: places of the queue, bytes of storage, seconds of queued sound."""

    places: int
    stored_bytes: int
    queued_seconds: float


class Usage:
    """Use of one workspace, within one transaction."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._parameters = {"workspace_id": workspace_id, "holds": HOLDS_SECONDS}

    async def used(self) -> Used:
        """Return all that the workspace uses."""
        return Used(
            places=await self.places(),
            stored_bytes=await self.stored_bytes(),
            queued_seconds=await self.queued_seconds(),
        )

    async def places(self) -> int:
        """Return the number of queued jobs and of uploads that hold a place in the queue."""
        return int(await self._value(_PLACES))

    async def stored_bytes(self) -> int:
        """Return the bytes of stored recordings and copies, and those reserved for uploads."""
        return int(await self._value(_STORED_BYTES))

    async def queued_seconds(self) -> float:
        """Return the seconds of sound of queued jobs, in all their signals."""
        return float(await self._value(_QUEUED_SECONDS))

    async def _value(self, statement: str) -> float:
        return await _value(self._connection, statement, self._parameters)


class OriginUsage:
    """Use of all workspaces from one network, within one transaction."""

    def __init__(self, connection: Connection, origin: str) -> None:
        """`origin` is the network as a keyed hash."""
        self._connection = connection
        self._parameters = {"origin": origin, "holds": HOLDS_SECONDS}

    async def places(self) -> int:
        """Return the number of queued jobs and of uploads that hold a place in the queue."""
        return int(await self._value(_PLACES_OF_ORIGIN))

    async def stored_bytes(self) -> int:
        """Return the bytes of stored recordings and those reserved for uploads in progress."""
        return int(await self._value(_STORED_BYTES_OF_ORIGIN))

    async def queued_seconds(self) -> float:
        """Return the seconds of sound of queued jobs, in all their signals."""
        return float(await self._value(_QUEUED_SECONDS_OF_ORIGIN))

    async def _value(self, statement: str) -> float:
        return await _value(self._connection, statement, self._parameters)


async def _value(connection: Connection, statement: str, parameters: Mapping[str, object]) -> float:
    row = await fetch_one(connection, statement, parameters)
    assert row is not None, "it is an aggregate"
    value: float = row["value"]
    return value
