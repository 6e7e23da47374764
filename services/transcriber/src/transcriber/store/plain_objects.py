"""Transcriptions whose objects are plain, and their encrypted copies in place of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all, fetch_one

#: How long (seconds) plain objects stay after they were replaced.
LEFT_SECONDS = 3600.0
_REQUEST = "UPDATE encryption SET requested_at = coalesce(requested_at, now())"
_REQUESTED = "SELECT requested_at IS NOT NULL AS requested FROM encryption"
_SETTLE = """
UPDATE encryption SET requested_at = NULL
WHERE requested_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM plain_transcriptions WHERE NOT item_set_aside('encryption', id::text))
"""
_DUE = """
SELECT id FROM plain_transcriptions
WHERE idle AND NOT item_rests('encryption', id::text) ORDER BY id LIMIT %s
"""
_FIGURES = """
SELECT (SELECT count(DISTINCT transcription_id) FROM data_keys WHERE state = 'encrypted')
           AS encrypted,
       count(*) AS plain,
       count(*) FILTER (WHERE NOT idle) AS busy,
       count(*) FILTER (WHERE item_set_aside('encryption', id::text)) AS set_aside,
       coalesce(sum(size_bytes) FILTER (WHERE has_source), 0)::bigint AS plain_recording_bytes,
       (SELECT count(*) FROM plain_leftovers) AS leftovers,
       (SELECT requested_at IS NOT NULL FROM encryption) AS requested
FROM plain_transcriptions
"""
_LOCK = "SELECT id FROM transcriptions WHERE id = %s FOR UPDATE"
_FIND = "SELECT source_key, has_source, idle FROM plain_transcriptions WHERE id = %s"
# Every column with the name of an object of a transcription.
_NAMES = """
SELECT playback_key AS key FROM transcriptions WHERE id = %(id)s
UNION SELECT peaks_key FROM transcriptions WHERE id = %(id)s
UNION SELECT clip_key FROM transcript_speakers WHERE transcription_id = %(id)s
UNION SELECT result_key FROM tasks WHERE transcription_id = %(id)s
"""
_RENAME = (
    """
    UPDATE transcriptions SET
        source_key = CASE WHEN source_deleted_at IS NULL
            THEN regexp_replace(source_key, '^([0-9]+)/(sealed/)?', '\\1/sealed/')
            ELSE source_key END,
        playback_key = regexp_replace(playback_key, '^([0-9]+)/(sealed/)?', '\\1/sealed/'),
        peaks_key = regexp_replace(peaks_key, '^([0-9]+)/(sealed/)?', '\\1/sealed/')
    WHERE id = %(id)s
    """,
    """
    UPDATE transcript_speakers
    SET clip_key = regexp_replace(clip_key, '^([0-9]+)/(sealed/)?', '\\1/sealed/')
    WHERE transcription_id = %(id)s AND clip_key <> ''
    """,
    """
    UPDATE tasks SET
        result_key = regexp_replace(result_key, '^([0-9]+)/(sealed/)?', '\\1/sealed/'),
        options = CASE WHEN options ? 'playback_key' THEN jsonb_set(
            options, '{playback_key}', to_jsonb(regexp_replace(
                options ->> 'playback_key', '^([0-9]+)/(sealed/)?', '\\1/sealed/')))
            ELSE options END
    WHERE transcription_id = %(id)s
    """,
    """
    UPDATE superseded_copies
    SET result_key = regexp_replace(result_key, '^([0-9]+)/(sealed/)?', '\\1/sealed/')
    WHERE transcription_id = %(id)s
    """,
)
_ENCRYPTED = """
UPDATE data_keys SET state = 'encrypted' WHERE transcription_id = %(id)s AND state = 'sealing'
"""
_LEAVE = """
INSERT INTO plain_leftovers (bucket, key, remove_at)
SELECT %(bucket)s, unnest(%(keys)s::text[]), now() + make_interval(secs => %(seconds)s)
ON CONFLICT DO NOTHING
"""
_LEFT = "SELECT bucket, key FROM plain_leftovers WHERE remove_at <= now() LIMIT %s"
_REMOVED = "DELETE FROM plain_leftovers WHERE bucket = %s AND key = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainFigures:
    """Figures about encryption. See `EncryptionFigures` of the contract."""

    encrypted: int
    plain: int
    busy: int
    set_aside: int
    plain_recording_bytes: int
    leftovers: int
    requested: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainTranscription:
    """A transcription to be encrypted. Without a recording, `source_key` is empty."""

    source_key: str
    idle: bool


class PlainObjects:
    """Queries over plain objects, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def request(self) -> None:
        """Have everything encrypted that is plain."""
        await execute(self._connection, _REQUEST)

    async def requested(self) -> bool:
        """Return whether everything is to be encrypted."""
        row = await fetch_one(self._connection, _REQUESTED)
        return row is not None and bool(row["requested"])

    async def settle(self) -> None:
        """End the request if nothing is left but what was set aside."""
        await execute(self._connection, _SETTLE)

    async def due(self, limit: int) -> list[int]:
        """Return transcriptions with plain objects that nothing works on."""
        return [row["id"] for row in await fetch_all(self._connection, _DUE, (limit,))]

    async def figures(self) -> PlainFigures:
        """Return how much is encrypted."""
        row = await fetch_one(self._connection, _FIGURES)
        assert row is not None, "it is an aggregate"
        return PlainFigures(**row)

    async def lock(self, transcription_id: int) -> PlainTranscription | None:
        """Lock a transcription, so that no work on it begins.

        Return None if it is gone or has no plain objects any more.
        """
        await fetch_one(self._connection, _LOCK, (transcription_id,))
        row = await fetch_one(self._connection, _FIND, (transcription_id,))
        if row is None:
            return None
        return PlainTranscription(
            source_key=row["source_key"] if row["has_source"] else "", idle=row["idle"]
        )

    async def names(self, transcription_id: int) -> frozenset[str]:
        """Return the names of all results, copies and clips of a transcription."""
        rows = await fetch_all(self._connection, _NAMES, {"id": transcription_id})
        return frozenset(row["key"] for row in rows if row["key"])

    async def replace(self, transcription_id: int, plain: Mapping[str, Sequence[str]]) -> None:
        """Use the encrypted copies from now on, and leave the plain objects for a while.

        `plain` has the names of the plain objects by their bucket.
        """
        parameters = {"id": transcription_id}
        for sql in (*_RENAME, _ENCRYPTED):
            await execute(self._connection, sql, parameters)
        for bucket, keys in plain.items():
            left = {"bucket": bucket, "keys": list(keys), "seconds": LEFT_SECONDS}
            await execute(self._connection, _LEAVE, left)

    async def left(self, limit: int) -> list[tuple[str, str]]:
        """Return buckets and keys of plain objects to be removed now."""
        rows = await fetch_all(self._connection, _LEFT, (limit,))
        return [(row["bucket"], row["key"]) for row in rows]

    async def removed(self, bucket: str, key: str) -> None:
        """Forget a plain object that was removed."""
        await execute(self._connection, _REMOVED, (bucket, key))
