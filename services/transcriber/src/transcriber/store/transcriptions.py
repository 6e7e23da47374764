"""Transcriptions: uploaded recordings with options, status and due work."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from common.audio.signals import ChannelPlan
from common.identity import Owner
from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from transcriber.domain.jobs import Failure
from transcriber.domain.options import ProcessingOptions
from transcriber.domain.transcriptions import AudioFile, Transcription
from transcriber.store import step_names
from transcriber.store.channel_plans import plan_to_json
from transcriber.store.jobs import Jobs
from transcriber.store.rows import transcription_of
from transcriber.store.tags import tags_of
from transcriber.store.transcripts import Transcripts
from transcriber.store.workspace_settings import StoredSettings

# A concurrent repetition may be found by the index of the workspace or by that of the session.
_INSERT = """
INSERT INTO transcriptions (
    id, session_id, workspace_id, request_id, filename, size_bytes, duration, format, codec,
    sample_rate, channels, file_warnings, source_key, language_requested, phrases, speaker_count,
    min_speakers, max_speakers, channels_requested, channel_plan, voice_memory,
    translate, diarize, model_requested, origin, status)
VALUES (
    %(id)s, %(session_id)s, %(workspace_id)s, %(request_id)s, %(filename)s, %(size_bytes)s,
    %(duration)s, %(format)s, %(codec)s, %(sample_rate)s, %(channels)s, %(file_warnings)s,
    %(source_key)s, %(language)s, %(phrases)s, %(speaker_count)s, %(min_speakers)s,
    %(max_speakers)s, %(channels_requested)s, %(channel_plan)s,
    coalesce(%(voice_memory)s::boolean,
             (SELECT voice_memory FROM workspace_settings WHERE workspace_id = %(workspace_id)s),
             true),
    %(translate)s,
    %(diarize)s, %(model)s, %(origin)s, 'pending')
ON CONFLICT DO NOTHING
"""
_FIND = """
SELECT * FROM transcriptions WHERE id = %s AND workspace_id = %s AND trashed_at IS NULL
"""
_GET = "SELECT * FROM transcriptions WHERE id = %s"
_BY_REQUEST = "SELECT * FROM transcriptions WHERE workspace_id = %s AND request_id = %s"
_SOURCES = """
SELECT id, session_id, source_key, duration FROM transcriptions WHERE id = ANY(%s)
"""
_GET_ALL = "SELECT * FROM transcriptions WHERE id = ANY(%s)"
_WORKSPACES = """
SELECT workspace_id
FROM (SELECT workspace_id FROM transcriptions UNION SELECT workspace_id FROM tags
      UNION SELECT workspace_id FROM folders) AS owned
WHERE workspace_id > %s ORDER BY workspace_id LIMIT %s
"""
_OF_WORKSPACE = """
SELECT id FROM transcriptions WHERE workspace_id = %s ORDER BY id LIMIT %s
"""
_LOCK_OWN = """
SELECT * FROM transcriptions WHERE id = %s AND workspace_id = %s AND trashed_at IS NULL
FOR NO KEY UPDATE
"""
_LOCK = "SELECT * FROM transcriptions WHERE id = %s FOR NO KEY UPDATE"
_STARTED = """
UPDATE transcriptions
SET status = 'processing', job_id = %(job_id)s, failure_code = NULL, failure_message = NULL,
    language_requested = %(language)s, phrases = %(phrases)s,
    speaker_count = %(speaker_count)s, min_speakers = %(min_speakers)s,
    max_speakers = %(max_speakers)s, channels_requested = %(channels_requested)s,
    diarize = %(diarize)s, model_requested = %(model)s,
    channel_plan = CASE WHEN transcript_at IS NULL THEN %(channel_plan)s ELSE channel_plan END
WHERE id = %(id)s
"""
# An earlier transcript stays, whatever the outcome of a later job.
_CANCELLED = """
UPDATE transcriptions
SET status = CASE WHEN transcript_at IS NULL THEN 'pending' ELSE 'completed' END
WHERE id = %s
"""
_FAILED = """
UPDATE transcriptions
SET status = CASE WHEN transcript_at IS NULL THEN 'failed' ELSE 'completed' END,
    failure_code = %(code)s, failure_message = %(message)s
WHERE id = %(id)s
"""
_BEGIN_LIVE = """
UPDATE transcriptions SET status = 'processing', live_text = true WHERE id = %s
"""
# Only a live session is processed without a job.
_END_LIVE = """
UPDATE transcriptions
SET filename = %(filename)s, size_bytes = %(size_bytes)s, duration = %(duration)s,
    format = %(format)s, codec = %(codec)s, sample_rate = %(sample_rate)s, channels = %(channels)s,
    file_warnings = %(file_warnings)s, channel_plan = %(channel_plan)s, kept_since = now(),
    status = 'pending'
WHERE id = %(id)s AND status = 'processing' AND job_id IS NULL
"""
_FAIL_LIVE = """
UPDATE transcriptions
SET status = 'failed', failure_code = %(code)s, failure_message = %(message)s,
    source_deleted_at = now(), source_erased = true, origin = ''
WHERE id = %(id)s AND status = 'processing' AND job_id IS NULL
"""
_REMOVE = "DELETE FROM transcriptions WHERE id = %s"
_VOICES_KNOWN = "UPDATE transcriptions SET voices_known = true WHERE id = %s"
_NAMES_DUE = "UPDATE transcriptions SET names_due_at = now() WHERE id = %s"
_NAMES_SETTLED = """
UPDATE transcriptions SET names_due_at = NULL WHERE id = %s
"""
# Decisions come first. Until the speakers service has heard that a name was taken back, it
# recognizes the voice by what that name has taught it.
_DUE_NAMES = """
SELECT id FROM transcriptions
WHERE names_due_at <= now() AND status = 'completed' AND NOT item_rests('names', id::text)
  AND (decisions_due_at IS NULL OR decisions_due_at > now()
       OR item_set_aside('decisions', id::text))
ORDER BY names_due_at LIMIT %s
"""
_DUE_CLIPS = """
SELECT id FROM transcriptions
WHERE clips_due_at <= now() AND NOT item_rests('clips', id::text)
ORDER BY clips_due_at LIMIT %s
"""
_CLIPS_SETTLED = """
UPDATE transcriptions SET clips_due_at = NULL WHERE id = %s AND transcript_at = %s
"""
_WARN = """
UPDATE transcriptions SET warnings = array_append(warnings, %(warning)s)
WHERE id = %(id)s AND NOT %(warning)s = ANY(warnings)
"""
_UNWARN = """
UPDATE transcriptions SET warnings = array_remove(warnings, %(warning)s)
WHERE id = %(id)s AND %(warning)s = ANY(warnings)
"""


class Transcriptions:
    """The table of transcriptions, within one transaction.

    Callers lock a transcription before its job.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        transcription_id: int,
        owner: Owner,
        request_id: str | None,
        file: AudioFile,
        source_key: str,
        options: ProcessingOptions,
        channel_plan: ChannelPlan | None,
        origin: str = "",
    ) -> bool:
        """Add a pending transcription. Return False if its idempotency key exists.

        Without a choice of `voice_memory`, that of the workspace holds.

        `origin` is the network from which it was uploaded, as a keyed hash.
        """
        parameters = {
            "id": transcription_id,
            "session_id": owner.session_id,
            "workspace_id": owner.workspace_id,
            "request_id": request_id,
            **_file(file),
            "source_key": source_key,
            "channel_plan": plan_to_json(channel_plan),
            "origin": origin,
            **_options(options),
        }
        return await execute(self._connection, _INSERT, parameters) == 1

    async def find(self, transcription_id: int, workspace_id: str) -> Transcription | None:
        """Return a workspace's transcription with its last job and its speakers."""
        rows = await fetch_all(self._connection, _FIND, (transcription_id, workspace_id))
        return next(iter(await self._complete(rows)), None)

    async def get(self, transcription_id: int) -> Transcription | None:
        """Return any transcription with its last job and its speakers."""
        rows = await fetch_all(self._connection, _GET, (transcription_id,))
        return next(iter(await self._complete(rows)), None)

    async def sources(self, ids: Sequence[int]) -> dict[int, DictRow]:
        """Return session_id, source_key and duration of any transcriptions, by their ids."""
        rows = await fetch_all(self._connection, _SOURCES, (list(ids),))
        return {row["id"]: row for row in rows}

    async def find_by_request(self, workspace_id: str, request_id: str) -> Transcription | None:
        """Return the transcription with an idempotency key."""
        rows = await fetch_all(self._connection, _BY_REQUEST, (workspace_id, request_id))
        return next(iter(await self._complete(rows)), None)

    async def get_all(self, ids: Sequence[int]) -> list[Transcription]:
        """Return any transcriptions with their last jobs and speakers, in the order of `ids`."""
        rows = await fetch_all(self._connection, _GET_ALL, (list(ids),))
        found = {one.id: one for one in await self._complete(rows)}
        return [found[number] for number in ids if number in found]

    async def workspaces(self, after: str, limit: int) -> list[str]:
        """Return workspaces that own anything of the library, those behind `after` in order."""
        rows = await fetch_all(self._connection, _WORKSPACES, (after, limit))
        return [row["workspace_id"] for row in rows]

    async def ids_of(self, workspace_id: str, limit: int) -> list[int]:
        """Return the oldest transcriptions of a workspace."""
        rows = await fetch_all(self._connection, _OF_WORKSPACE, (workspace_id, limit))
        return [row["id"] for row in rows]

    async def lock_own(self, transcription_id: int, workspace_id: str) -> Transcription | None:
        """Lock a workspace's transcription and return it without job and speakers."""
        row = await fetch_one(self._connection, _LOCK_OWN, (transcription_id, workspace_id))
        return None if row is None else transcription_of(row)

    async def lock(self, transcription_id: int) -> Transcription | None:
        """Lock any transcription and return it without job and speakers."""
        row = await fetch_one(self._connection, _LOCK, (transcription_id,))
        return None if row is None else transcription_of(row)

    async def started(
        self,
        transcription_id: int,
        job_id: str,
        options: ProcessingOptions,
        channel_plan: ChannelPlan | None,
    ) -> None:
        """Store a new job with its options. A transcript keeps the plan that it was made by."""
        parameters = {
            "id": transcription_id,
            "job_id": job_id,
            "channel_plan": plan_to_json(channel_plan),
            **_options(options),
        }
        await execute(self._connection, _STARTED, parameters)

    async def begin_live(self, transcription_id: int) -> None:
        """Have a new transcription processed without a job, while it is recorded."""
        await execute(self._connection, _BEGIN_LIVE, (transcription_id,))

    async def end_live(
        self, transcription_id: int, file: AudioFile, channel_plan: ChannelPlan | None
    ) -> bool:
        """Give a live transcription its recording. Return False if it is not live any more."""
        parameters = {
            "id": transcription_id,
            "channel_plan": plan_to_json(channel_plan),
            **_file(file),
        }
        return await execute(self._connection, _END_LIVE, parameters) == 1

    async def fail_live(self, transcription_id: int, failure: Failure) -> None:
        """Note that a live transcription has no recording."""
        parameters = {
            "id": transcription_id,
            "code": failure.code,
            "message": failure.message,
        }
        await execute(self._connection, _FAIL_LIVE, parameters)

    async def cancelled(self, transcription_id: int) -> None:
        """Reset the status after a cancelled job: completed with a transcript, else pending."""
        await execute(self._connection, _CANCELLED, (transcription_id,))

    async def failed(self, transcription_id: int, failure: Failure) -> None:
        """Store the failure of a job. An earlier transcript stays."""
        parameters = {
            "id": transcription_id,
            "code": failure.code,
            "message": failure.message,
        }
        await execute(self._connection, _FAILED, parameters)

    async def remove(self, transcription_id: int) -> None:
        """Delete a transcription with its jobs, tasks and transcript."""
        await execute(self._connection, _REMOVE, (transcription_id,))

    async def mark_voices_known(self, transcription_id: int) -> None:
        """Record that the speakers service may hold data about the voices."""
        await execute(self._connection, _VOICES_KNOWN, (transcription_id,))

    async def schedule_names(self, transcription_id: int) -> None:
        """Have names suggested soon."""
        await execute(self._connection, _NAMES_DUE, (transcription_id,))
        give_work(self._connection, step_names.NAMES)

    async def settle_names(self, transcription_id: int) -> None:
        """Record that names were suggested."""
        await execute(self._connection, _NAMES_SETTLED, (transcription_id,))

    async def due_names(self, limit: int) -> list[int]:
        """Return transcriptions with due suggestions."""
        return [row["id"] for row in await fetch_all(self._connection, _DUE_NAMES, (limit,))]

    async def due_clips(self, limit: int) -> list[int]:
        """Return transcriptions with due clips."""
        return [row["id"] for row in await fetch_all(self._connection, _DUE_CLIPS, (limit,))]

    async def settle_clips(self, transcription: Transcription) -> None:
        """Record that clips of this transcript were cut or cannot be."""
        await execute(
            self._connection, _CLIPS_SETTLED, (transcription.id, transcription.transcript_at)
        )

    async def warn(self, transcription_id: int, warning: str) -> None:
        """Add a warning for the owner, once."""
        await execute(self._connection, _WARN, {"id": transcription_id, "warning": warning})

    async def unwarn(self, transcription_id: int, warning: str) -> None:
        """Remove a warning."""
        await execute(self._connection, _UNWARN, {"id": transcription_id, "warning": warning})

    async def _complete(self, rows: Sequence[DictRow]) -> list[Transcription]:
        job_ids = [row["job_id"] for row in rows if row["job_id"] is not None]
        jobs = {job.job_id: job for job in await Jobs(self._connection).get_all(job_ids)}
        ids = [row["id"] for row in rows]
        speakers = await Transcripts(self._connection).speakers(ids)
        tags = await tags_of(self._connection, ids)
        owners = {row["workspace_id"] for row in rows}
        settings = await StoredSettings(self._connection).get_all(owners)
        return [
            transcription_of(
                row,
                jobs.get(row["job_id"]),
                speakers[row["id"]],
                tags.get(row["id"], ()),
                settings[row["workspace_id"]],
            )
            for row in rows
        ]


def _file(file: AudioFile) -> dict[str, object]:
    return {
        "filename": file.filename,
        "size_bytes": file.size_bytes,
        "duration": file.duration,
        "format": file.format,
        "codec": file.codec,
        "sample_rate": file.sample_rate,
        "channels": file.channels,
        "file_warnings": list(file.warnings),
    }


def _options(options: ProcessingOptions) -> dict[str, object]:
    return {
        "language": options.language,
        "phrases": list(options.phrases),
        "speaker_count": options.speakers.count,
        "min_speakers": options.speakers.fewest,
        "max_speakers": options.speakers.most,
        "channels_requested": options.channels,
        "voice_memory": options.voice_memory,
        "translate": options.translate,
        "diarize": options.diarize,
        "model": options.model,
    }
