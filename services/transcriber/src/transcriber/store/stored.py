"""Everything that is stored, as administrators see it."""

import datetime as dt
from dataclasses import dataclass

from common.postgres import Connection, fetch_all, fetch_one
from transcriber.domain.retention import Retention

_IDS = """
SELECT id FROM transcriptions
WHERE (%(owner)s = '' OR workspace_id = %(owner)s OR session_id = %(owner)s)
  AND created_at <= now() - make_interval(secs => %(min_age)s)
ORDER BY created_at, id LIMIT %(limit)s OFFSET %(offset)s
"""
_COUNT = """
SELECT count(*) AS total FROM transcriptions
WHERE (%(owner)s = '' OR workspace_id = %(owner)s OR session_id = %(owner)s)
  AND created_at <= now() - make_interval(secs => %(min_age)s)
"""
_WORKSPACES = """
SELECT workspace_id FROM transcriptions
WHERE workspace_id = %(owner)s OR session_id = %(owner)s
UNION
SELECT workspace_id FROM uploads WHERE workspace_id = %(owner)s OR session_id = %(owner)s
UNION
SELECT workspace_id FROM resumable_uploads
WHERE workspace_id = %(owner)s OR session_id = %(owner)s
UNION
SELECT workspace_id FROM captures WHERE workspace_id = %(owner)s OR session_id = %(owner)s
"""
_FIGURES = """
SELECT count(*) AS transcriptions, count(DISTINCT workspace_id) AS workspaces,
       count(*) FILTER (WHERE NOT source_erased) AS recordings,
       coalesce(sum(size_bytes) FILTER (WHERE NOT source_erased), 0)::bigint AS recording_bytes,
       coalesce(sum(duration) FILTER (WHERE NOT source_erased), 0)::double precision
           AS recording_seconds,
       min(created_at) AS oldest,
       (SELECT count(*) FROM deletions) AS unfinished_deletions,
       count(*) FILTER (WHERE playback_key <> '') AS playback_copies,
       coalesce(sum(playback_bytes + peaks_bytes) FILTER (WHERE playback_key <> ''), 0)::bigint
           AS playback_bytes,
       count(*) FILTER (WHERE trashed_at IS NOT NULL) AS trashed,
       pg_database_size(current_database()) AS database_bytes
FROM transcriptions
"""
# Follows Retention, which gives the time of a single transcription.
_FORECASTS = """
WITH aged AS (
    SELECT t.*, greatest(t.created_at, t.transcript_at) AS since,
           least(%(processed)s, w.processed_seconds) AS processed,
           least(%(unprocessed)s, w.unprocessed_seconds) AS unprocessed,
           least(%(transcripts)s, w.transcript_seconds) AS transcripts,
           least(%(trash)s, w.trash_seconds) AS trash,
           (SELECT coalesce(j.completed_at, j.created_at) FROM jobs j WHERE j.job_id = t.job_id)
               AS worked_at
    FROM transcriptions t LEFT JOIN workspace_settings w USING (workspace_id)
    WHERE t.status <> 'processing'
), due AS (
    SELECT size_bytes, NOT source_erased AND source_deleted_at IS NULL AS stored,
           CASE WHEN status = 'completed'
                THEN transcript_at + make_interval(secs => processed)
                ELSE greatest(kept_since, worked_at) + make_interval(secs => unprocessed)
           END AS recording_at,
           least(trashed_at + make_interval(secs => trash),
                 CASE WHEN transcripts IS NOT NULL THEN greatest(
                     since + make_interval(secs => transcripts),
                     CASE WHEN expiry_warned_at >= since
                          THEN expiry_warned_at + make_interval(secs => %(warning)s) END)
                 END) AS all_at
    FROM aged
)
SELECT within,
       count(*) FILTER (WHERE stored AND least(recording_at, all_at) <= until) AS recordings,
       coalesce(sum(size_bytes) FILTER (WHERE stored AND least(recording_at, all_at) <= until), 0)
           ::bigint AS recording_bytes,
       count(*) FILTER (WHERE all_at <= until) AS transcriptions
FROM unnest(%(within)s::double precision[]) AS within
CROSS JOIN LATERAL (SELECT now() + make_interval(secs => within) AS until) AS horizon
LEFT JOIN due ON true
GROUP BY within ORDER BY within
"""
#: Seconds for which erasures are forecast: an hour, a day, a week, and thirty days.
_HORIZONS = (3_600.0, 86_400.0, 7 * 86_400.0, 30 * 86_400.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Figures about everything that is stored."""

    transcriptions: int
    workspaces: int
    recordings: int
    recording_bytes: int
    recording_seconds: float
    oldest: dt.datetime | None
    unfinished_deletions: int
    playback_copies: int
    playback_bytes: int
    trashed: int
    database_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Things that are erased within some seconds, if nobody uses them until then."""

    within: float
    recordings: int
    recording_bytes: int
    transcriptions: int


class StoredThings:
    """Queries over the transcriptions of all owners, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(
        self, *, owner: str, min_age: float, limit: int, offset: int
    ) -> tuple[list[int], int]:
        """Return ids of transcriptions, oldest first, and the number of all that match.

        `owner` is a workspace or a session, empty for all. `min_age` is in seconds.
        """
        parameters = {"owner": owner, "min_age": min_age, "limit": limit, "offset": offset}
        rows = await fetch_all(self._connection, _IDS, parameters)
        count = await fetch_one(self._connection, _COUNT, parameters)
        return [row["id"] for row in rows], int(count["total"]) if count else 0

    async def workspaces_of(self, owner: str) -> list[str]:
        """Return the workspaces of a workspace or a session, that has anything stored."""
        rows = await fetch_all(self._connection, _WORKSPACES, {"owner": owner})
        return sorted(row["workspace_id"] for row in rows)

    async def figures(self) -> Figures:
        """Return figures about everything."""
        row = await fetch_one(self._connection, _FIGURES)
        assert row is not None
        return Figures(**row)

    async def forecasts(self, retention: Retention) -> list[Forecast]:
        """Return how much is erased until some times, nearest first. Each includes the earlier."""
        parameters = {
            "processed": retention.processed,
            "unprocessed": retention.unprocessed,
            "transcripts": retention.transcripts,
            "warning": retention.warning,
            "trash": retention.trash,
            "within": list(_HORIZONS),
        }
        rows = await fetch_all(self._connection, _FORECASTS, parameters)
        return [Forecast(**row) for row in rows]
