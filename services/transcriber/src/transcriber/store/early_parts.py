"""First parts of recordings on their way, kept until they are taken over or removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.early_parts import EarlyPart
from transcriber.store.uploads import HOLDS_SECONDS

_ADD = """
INSERT INTO early_parts (transcription_id, workspace_id, task_id, job_id, options, audio_key,
                         result_key, sound)
VALUES (%(transcription_id)s, %(workspace_id)s, %(task_id)s, %(job_id)s, %(options)s,
        %(audio_key)s, %(result_key)s, %(sound)s)
ON CONFLICT DO NOTHING
"""
_FIND = """
SELECT * FROM early_parts
WHERE transcription_id = %s AND state IN ('released', 'done') AND NOT adopted AND NOT dropped
"""
_OUTSTANDING = """
SELECT count(*) AS parts FROM early_parts
WHERE state IN ('preparing', 'released') AND NOT adopted AND NOT dropped
"""
_RELEASE = """
UPDATE early_parts SET state = 'released'
WHERE transcription_id = %s AND state = 'preparing' AND NOT dropped
"""
_PUBLISHED = """
UPDATE early_parts SET stream_sequence = %s WHERE task_id = %s AND NOT adopted
"""
_ENDED = """
UPDATE early_parts SET state = CASE WHEN %(done)s THEN 'done' ELSE 'ended' END,
                       busy_seconds = %(busy_seconds)s
WHERE task_id = %(task_id)s AND state = 'released' AND NOT adopted
"""
_ADOPT = "UPDATE early_parts SET adopted = true WHERE transcription_id = %s"
_TAKE_OVER = """
UPDATE tasks SET releases = 1, released_at = now(), stream_sequence = %(stream_sequence)s,
                 busy_seconds = %(busy_seconds)s, ended_at = CASE WHEN %(done)s THEN now() END
WHERE task_id = %(task_id)s
"""
_GIVE_WAY = """
UPDATE early_parts SET dropped = true WHERE transcription_id IN (
    SELECT transcription_id FROM early_parts
    WHERE state IN ('preparing', 'released') AND NOT adopted AND NOT dropped
    ORDER BY created_at DESC LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING job_id
"""
# An upload that still arrives, in any way, keeps its part.
_LEFT = """
SELECT e.transcription_id, e.task_id::text, e.job_id, e.audio_key, e.result_key, e.stream_sequence,
       e.adopted, e.withdrawn_at IS NOT NULL AS withdrawn
FROM early_parts e LEFT JOIN tasks t ON e.adopted AND t.task_id = e.task_id
WHERE NOT item_rests('early-parts', e.transcription_id::text)
  AND CASE
    WHEN e.adopted THEN t.task_id IS NULL OR t.releases > 1
                        OR t.state IN ('done', 'failed', 'cancelled')
    WHEN e.withdrawn_at IS NOT NULL
    THEN e.withdrawn_at < now() - make_interval(secs => %(late_seconds)s)
    ELSE e.dropped OR NOT (
        EXISTS (SELECT FROM uploads u
                WHERE u.transcription_id = e.transcription_id AND NOT u.given_up
                  AND u.touched_at > now() - make_interval(secs => %(idle_seconds)s))
        OR EXISTS (SELECT FROM resumable_uploads r
                   WHERE r.transcription_id = e.transcription_id AND NOT r.given_up
                     AND r.state = 'receiving'))
    END
ORDER BY e.created_at LIMIT %(limit)s
"""
_WITHDRAW = """
UPDATE early_parts SET dropped = true, withdrawn_at = now()
WHERE transcription_id = %s AND NOT adopted
"""
_FORGET_MESSAGE = "DELETE FROM outbox WHERE task_id = %s"
_REMOVE = "DELETE FROM early_parts WHERE transcription_id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftPart:
    """A part that is of no more use as such. A job may have `adopted` its result.

    If not, `withdrawn` tells whether its worker was told.
    """

    transcription_id: int
    task_id: str
    job_id: str
    audio_key: str
    result_key: str
    stream_sequence: int | None
    adopted: bool
    withdrawn: bool


class EarlyParts:
    """The table of first parts, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, part: EarlyPart) -> bool:
        """Add a part holding a worker's place. Return False if the recording has one already.

        Its object is stored afterwards, so that it is found and removed after a crash.
        """
        parameters = {
            "transcription_id": part.transcription_id,
            "workspace_id": part.workspace_id,
            "task_id": part.task_id,
            "job_id": part.job_id,
            "options": Jsonb(dict(part.options)),
            "audio_key": part.audio_key,
            "result_key": part.result_key,
            "sound": part.sound,
        }
        return await execute(self._connection, _ADD, parameters) == 1

    async def release(self, transcription_id: int) -> bool:
        """Note that a part is handed out. Return False if it has given way."""
        return await execute(self._connection, _RELEASE, (transcription_id,)) == 1

    async def find(self, transcription_id: int) -> EarlyPart | None:
        """Return the part of a recording, if a job may take it over."""
        return _part(await fetch_one(self._connection, _FIND, (transcription_id,)))

    async def lock(self, transcription_id: int) -> EarlyPart | None:
        """Return the part as `find` does, and lock it."""
        return _part(await fetch_one(self._connection, f"{_FIND} FOR UPDATE", (transcription_id,)))

    async def outstanding(self) -> int:
        """Return the number of parts with a worker's place that no job has taken over."""
        row = await fetch_one(self._connection, _OUTSTANDING)
        return int(row["parts"]) if row else 0

    async def published(self, task_id: str, sequence: int) -> bool:
        """Store the stream sequence of a part's message.

        Return False if there is none that no job has taken over.
        """
        return await execute(self._connection, _PUBLISHED, (sequence, task_id)) == 1

    async def ended(self, task_id: str, *, done: bool, busy_seconds: float) -> bool:
        """Note the end of a part. Return False if there is none that no job has taken over."""
        parameters = {"task_id": task_id, "done": done, "busy_seconds": busy_seconds}
        return await execute(self._connection, _ENDED, parameters) == 1

    async def take_over(self, part: EarlyPart) -> None:
        """Make a locked part the task of the same id, which was just added."""
        await execute(self._connection, _ADOPT, (part.transcription_id,))
        parameters = {
            "task_id": part.task_id,
            "stream_sequence": part.stream_sequence,
            "busy_seconds": part.busy_seconds,
            "done": part.done,
        }
        await execute(self._connection, _TAKE_OVER, parameters)

    async def give_way(self, count: int) -> list[str]:
        """Drop the newest parts with a worker's place, at most `count`. Return their jobs."""
        rows = await fetch_all(self._connection, _GIVE_WAY, (count,))
        return [row["job_id"] for row in rows]

    async def left(self, limit: int, *, late_seconds: float) -> list[LeftPart]:
        """Return parts to remove.

        What was withdrawn is returned again after `late_seconds`, in which a worker may still have
        stored a result.
        """
        parameters = {
            "limit": limit,
            "late_seconds": late_seconds,
            "idle_seconds": HOLDS_SECONDS,
        }
        return [LeftPart(**row) for row in await fetch_all(self._connection, _LEFT, parameters)]

    async def withdraw(self, part: LeftPart) -> bool:
        """Drop a part and remove its unpublished message. Return False if a job has taken it."""
        if await execute(self._connection, _WITHDRAW, (part.transcription_id,)) != 1:
            return False
        await execute(self._connection, _FORGET_MESSAGE, (part.task_id,))
        return True

    async def remove(self, transcription_id: int) -> None:
        """Remove the row of a part."""
        await execute(self._connection, _REMOVE, (transcription_id,))


def _part(row: Mapping[str, Any] | None) -> EarlyPart | None:
    if row is None:
        return None
    return EarlyPart(
        transcription_id=row["transcription_id"],
        workspace_id=row["workspace_id"],
        task_id=str(row["task_id"]),
        job_id=row["job_id"],
        options=row["options"],
        audio_key=row["audio_key"],
        result_key=row["result_key"],
        sound=row["sound"],
        done=row["state"] == "done",
        busy_seconds=row["busy_seconds"],
        stream_sequence=row["stream_sequence"],
    )
