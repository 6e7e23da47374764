"""Tables of permanent deletions, merges and splits, with undo."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from common.postgres import Connection, execute, fetch_all, fetch_one
from speakers.domain.profile import Page, Profile
from speakers.domain.trash import KEPT, Trashed, TrashKind

_ADD = """
INSERT INTO trash (kind, profile_id, name, into_id, into_name, made_target, forwarded,
                   observation_count, workspace_id, pool, erase_at)
VALUES (%(kind)s::text, %(profile_id)s, %(name)s, %(into_id)s, %(into_name)s, %(made_target)s,
        ARRAY(SELECT profile_id FROM gone_profiles
              WHERE into_id = %(profile_id)s AND %(kind)s::text <> 'split'),
        %(count)s, %(workspace_id)s, %(pool)s, now() + %(kept)s)
RETURNING trash_id
"""
_COPY_PROFILE = """
INSERT INTO trashed_profiles SELECT %(trash_id)s, p.* FROM profiles p WHERE profile_id = %(id)s
"""
_COPY_OBSERVATIONS = """
INSERT INTO trashed_observations
SELECT %(trash_id)s, o.* FROM observations o WHERE profile_id = %(id)s
"""
_COPY_DECISIONS = """
INSERT INTO trashed_decisions
SELECT %(trash_id)s, d.* FROM decisions d WHERE profile_id = %(id)s
"""
_COPY_RECOGNITIONS = """
INSERT INTO trashed_recognitions
SELECT %(trash_id)s, r.* FROM recognitions r WHERE profile_id = %(id)s
"""
_MOVED_LEDGER = """
INSERT INTO moved_entries (trash_id, observation_id)
SELECT %(trash_id)s, observation_id FROM observations WHERE profile_id = %(id)s
UNION ALL
SELECT %(trash_id)s, observation_id FROM recognitions WHERE profile_id = %(id)s
"""
_MOVED_DECISIONS = """
INSERT INTO moved_decisions (trash_id, transcription_id, speaker_label, decided_at)
SELECT %(trash_id)s, transcription_id, speaker_label, decided_at
FROM decisions WHERE profile_id = %(id)s
"""
_MOVED_SOME = """
INSERT INTO moved_entries (trash_id, observation_id) SELECT %(trash_id)s, unnest(%(ids)s::bigint[])
"""
_GET = """
SELECT * FROM trash
WHERE trash_id = %(trash_id)s AND pool = %(pool)s AND erase_at > now()
"""
_PAGE = """
SELECT * FROM trash
WHERE erase_at > now() AND pool = %(pool)s
  AND (%(workspace_id)s::text IS NULL OR workspace_id = %(workspace_id)s)
ORDER BY trash_id DESC LIMIT %(size)s OFFSET %(offset)s
"""
_COUNT = """
SELECT count(*) AS total FROM trash
WHERE erase_at > now() AND pool = %(pool)s
  AND (%(workspace_id)s::text IS NULL OR workspace_id = %(workspace_id)s)
"""
_DUE = """
SELECT * FROM trash WHERE erase_at <= now() AND NOT item_rests('profile-trash', trash_id::text)
ORDER BY erase_at, trash_id LIMIT %s
"""
_REMOVE = "DELETE FROM trash WHERE trash_id = %s"
# What was merged into an erased profile is erased with it.
_OF_PROFILES = """
WITH RECURSIVE gone AS (
    SELECT * FROM trash WHERE profile_id = ANY(%(ids)s) AND kind <> 'split'
    UNION
    SELECT t.* FROM trash t JOIN gone g ON t.into_id = g.profile_id AND t.kind = 'merge')
SELECT * FROM gone
UNION
SELECT t.* FROM trash t WHERE t.into_id = ANY(%(ids)s) OR t.profile_id = ANY(%(ids)s)
"""
_GONE_BY = """
SELECT * FROM trash WHERE kind <> 'split' AND profile_id = %s ORDER BY trash_id DESC LIMIT 1
"""
_BUILT_UPON_BY = """
SELECT * FROM trash
WHERE trash_id > %(trash_id)s AND trash_id IN (
    SELECT later.trash_id
    FROM moved_entries own JOIN moved_entries later USING (observation_id)
    WHERE own.trash_id = %(trash_id)s
    UNION ALL
    SELECT later.trash_id
    FROM moved_entries own JOIN trashed_observations later USING (observation_id)
    WHERE own.trash_id = %(trash_id)s)
ORDER BY trash_id DESC LIMIT 1
"""
# Voices of an erased recording are forgotten here too.
_FORGET_RECORDING = (
    "DELETE FROM trashed_observations WHERE transcription_id = %s",
    "DELETE FROM trashed_decisions WHERE transcription_id = %s",
    "DELETE FROM trashed_recognitions WHERE transcription_id = %s",
    "DELETE FROM moved_decisions WHERE transcription_id = %s",
)


class Trash:
    """Repository of the trash, bound to one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def deletion(self, profile: Profile, workspace_id: str) -> None:
        """Keep all rows of a profile about to be deleted."""
        copied = await self._added(TrashKind.DELETION, profile, None, workspace_id)
        for sql in (_COPY_PROFILE, _COPY_OBSERVATIONS, _COPY_DECISIONS, _COPY_RECOGNITIONS):
            await execute(self._connection, sql, copied)

    async def merge(self, source: Profile, into: Profile, workspace_id: str) -> None:
        """Keep a profile, and note the rows about to be moved to another one."""
        copied = await self._added(TrashKind.MERGE, source, into, workspace_id)
        for sql in (_COPY_PROFILE, _MOVED_LEDGER, _MOVED_DECISIONS):
            await execute(self._connection, sql, copied)

    async def split(
        self,
        profile: Profile,
        into: Profile,
        observation_ids: Sequence[int],
        workspace_id: str,
        *,
        made: bool,
    ) -> None:
        """Note the observations moved to another profile, `made` for them."""
        count = len(observation_ids)
        noted = await self._added(
            TrashKind.SPLIT, profile, into, workspace_id, made=made, count=count
        )
        await execute(self._connection, _MOVED_SOME, {**noted, "ids": list(observation_ids)})

    async def _added(
        self,
        kind: TrashKind,
        profile: Profile,
        into: Profile | None,
        workspace_id: str,
        *,
        made: bool = False,
        count: int | None = None,
    ) -> dict[str, int]:
        parameters = {
            "kind": kind,
            "profile_id": profile.profile_id,
            "name": profile.name,
            "into_id": None if into is None else into.profile_id,
            "into_name": None if into is None else into.name,
            "made_target": made,
            "count": profile.sample_count if count is None else count,
            "workspace_id": workspace_id,
            "pool": profile.pool,
            "kept": KEPT,
        }
        row = await fetch_one(self._connection, _ADD, parameters)
        assert row is not None
        return {"trash_id": row["trash_id"], "id": profile.profile_id}

    async def get(self, trash_id: int, pool: str) -> Trashed | None:
        """Return one entry of a pool that can still be undone."""
        row = await fetch_one(self._connection, _GET, {"trash_id": trash_id, "pool": pool})
        return None if row is None else _trashed(row)

    async def page(
        self, page: Page, pool: str, workspace_id: str | None
    ) -> tuple[list[Trashed], int]:
        """Return one page of entries of a pool, newest first, and their number.

        With a workspace, only of its own.
        """
        parameters = {
            "pool": pool,
            "workspace_id": workspace_id,
            "size": page.size,
            "offset": page.offset,
        }
        rows = await fetch_all(self._connection, _PAGE, parameters)
        count = await fetch_one(self._connection, _COUNT, parameters)
        return [_trashed(row) for row in rows], count["total"] if count else 0

    async def due(self, limit: int) -> list[Trashed]:
        """Return entries due to be erased, oldest first."""
        return [_trashed(row) for row in await fetch_all(self._connection, _DUE, (limit,))]

    async def of_profiles(self, profile_ids: Sequence[int]) -> list[Trashed]:
        """Return the entries of profiles, and of all profiles merged into them."""
        rows = await fetch_all(self._connection, _OF_PROFILES, {"ids": list(profile_ids)})
        return [_trashed(row) for row in rows]

    async def gone_by(self, profile_id: int) -> Trashed | None:
        """Return the entry of a profile's deletion or merge."""
        row = await fetch_one(self._connection, _GONE_BY, (profile_id,))
        return None if row is None else _trashed(row)

    async def built_upon_by(self, trash_id: int) -> Trashed | None:
        """Return the last later entry moving or deleting some of the same observations."""
        row = await fetch_one(self._connection, _BUILT_UPON_BY, {"trash_id": trash_id})
        return None if row is None else _trashed(row)

    async def forget_recording(self, transcription_id: int) -> None:
        """Erase what the trash has about the voices of a recording."""
        for sql in _FORGET_RECORDING:
            await execute(self._connection, sql, (transcription_id,))

    async def remove(self, trash_id: int) -> None:
        """Delete an entry with everything it keeps."""
        await execute(self._connection, _REMOVE, (trash_id,))


def _trashed(row: DictRow) -> Trashed:
    return Trashed(
        trash_id=row["trash_id"],
        kind=TrashKind(row["kind"]),
        profile_id=row["profile_id"],
        name=row["name"],
        into_id=row["into_id"] or 0,
        into_name=row["into_name"] or "",
        made_target=row["made_target"],
        forwarded=tuple(row["forwarded"]),
        observation_count=row["observation_count"],
        workspace_id=row["workspace_id"],
        pool=row["pool"],
        created_at=row["created_at"],
        erase_at=row["erase_at"],
    )
