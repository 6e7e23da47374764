"""A long queue in the tables of the transcriber, for measurements."""

from common.postgres import Database

#: Recordings of one minute. Their owners are numbered, and the first ones have most of them.
_TRANSCRIPTIONS = """
INSERT INTO transcriptions (
    id, session_id, workspace_id, filename, size_bytes, duration, format, codec, sample_rate,
    channels, source_key, language_requested, phrases, speaker_count, min_speakers, max_speakers,
    status)
SELECT n, 's' || owner, 's' || owner, 'talk.wav', 1, 60, 'wav', 'pcm', 16000, 1, n || '/source',
       'en', '{}', 0, 0, 0, %(status)s
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n,
     LATERAL (SELECT CASE WHEN n %% 2 = 0 THEN n %% 50 ELSE n %% %(owners)s END AS owner) AS found
"""
_JOBS = """
INSERT INTO jobs (job_id, transcription_id, session_id, workspace_id, status, priority,
                  current_step, started_at, completed_at)
SELECT 'job_' || id, id, session_id, workspace_id, %(job_status)s, 5, '',
       CASE WHEN %(job_status)s = 'completed' THEN now() END,
       CASE WHEN %(job_status)s = 'completed' THEN now() END
FROM transcriptions WHERE id BETWEEN %(first)s AND %(last)s ORDER BY id
"""
_TASKS = """
INSERT INTO tasks (task_id, job_id, transcription_id, stage, state, options, result_key, ended_at)
SELECT gen_random_uuid(), 'job_' || id, id, stage,
       CASE WHEN %(job_status)s = 'completed' THEN 'done' ELSE 'waiting' END, '{}',
       id || '/' || stage || '.pb', CASE WHEN %(job_status)s = 'completed' THEN now() END
FROM transcriptions, unnest(ARRAY['transcribe', 'diarize', 'merge']) AS stage
WHERE id BETWEEN %(first)s AND %(last)s
"""
#: Objects in plain. That is decided before the first one is written, and here there are none.
_KEYS = """
INSERT INTO data_keys (transcription_id, content, state)
SELECT n, content, 'plain'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n,
     unnest(ARRAY['recording', 'results']) AS content
"""
_NEXT = "SELECT coalesce(max(id), 0) + 1 AS first FROM transcriptions"


class QueueLoad:
    """Adds recordings and jobs in bulk."""

    def __init__(self, database: Database, *, owners: int) -> None:
        self._database = database
        self._owners = owners

    async def recordings(self, count: int) -> range:
        """Add recordings not yet started, and return their ids."""
        return await self._add(count, "pending")

    async def queued(self, count: int) -> None:
        """Add waiting jobs."""
        added = await self._add(count, "processing")
        await self._jobs(added, "queued")

    async def completed(self, count: int) -> None:
        """Add jobs that ended before."""
        added = await self._add(count, "completed")
        await self._jobs(added, "completed")

    async def settled(self) -> None:
        """Do what Postgres does by itself after a while."""
        for table in ("transcriptions", "jobs", "tasks", "data_keys"):
            await self._database.execute(f"ANALYZE {table}")

    async def _add(self, count: int, status: str) -> range:
        row = (await self._database.fetch_all(_NEXT))[0]
        added = range(row["first"], row["first"] + count)
        await self._database.execute(
            _TRANSCRIPTIONS,
            {"first": added[0], "last": added[-1], "owners": self._owners, "status": status},
        )
        await self._database.execute(_KEYS, {"first": added[0], "last": added[-1]})
        # Explicit ids leave the sequence behind.
        await self._database.fetch_all(
            "SELECT setval(pg_get_serial_sequence('transcriptions', 'id'), %s)", (added[-1],)
        )
        return added

    async def _jobs(self, added: range, status: str) -> None:
        parameters = {"first": added[0], "last": added[-1], "job_status": status}
        await self._database.execute(_JOBS, parameters)
        await self._database.execute(_TASKS, parameters)
