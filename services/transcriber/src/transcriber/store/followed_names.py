"""Names in stored transcripts after changes of their profiles, within one transaction.

A followed name makes a revision of its transcript. The origin of the name stays, so that its author
can still take it back.
"""

from collections.abc import Collection

from psycopg.types.json import Jsonb

from common.identity import Grant
from common.postgres import Connection, execute, fetch_all
from transcriber.editing import encoding
from transcriber.editing.effects import Effects
from transcriber.editing.history import BatchKind, Entry
from transcriber.outbox import messages
from transcriber.store.decisions import DueDecisions
from transcriber.store.outbox import JobOutbox
from transcriber.store.search import SearchIndex

_LOCK_RENAMED = """
SELECT id FROM transcriptions
WHERE id IN (SELECT transcription_id FROM transcript_speakers
             WHERE speaker_id = %(profile)s AND name <> %(name)s)
  AND (%(workspace_id)s = '' OR workspace_id = %(workspace_id)s)
ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE
"""
_RENAME = """
UPDATE transcript_speakers AS speaker
SET name = %(name)s,
    stamps = jsonb_set(speaker.stamps, '{name}', jsonb_build_array(
        coalesce(speaker.stamps #> '{name,0}', '0'), transcription.revision + 1))
FROM transcriptions AS transcription
WHERE speaker.transcription_id = transcription.id AND transcription.id = ANY(%(ids)s)
  AND speaker.speaker_id = %(profile)s AND speaker.name <> %(name)s
RETURNING transcription.id
"""
_LOCK_LINKED = """
SELECT id FROM transcriptions
WHERE id IN (SELECT transcription_id FROM transcript_speakers WHERE speaker_id = %(profile)s)
ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE
"""
_MERGE = """
UPDATE transcript_speakers AS speaker
SET speaker_id = %(into)s,
    stamps = jsonb_set(speaker.stamps, '{name}', jsonb_build_array(
        coalesce(speaker.stamps #> '{name,0}', '0'), transcription.revision + 1))
FROM transcriptions AS transcription
WHERE speaker.transcription_id = transcription.id AND transcription.id = ANY(%(ids)s)
  AND speaker.speaker_id = %(profile)s
RETURNING transcription.id
"""
# Assigned names stay. Suggested names are removed with the profile. Where decisions are due, the
# speakers service's answer has the new state of the profile of an assigned name.
_LOCK_ORPHANS = """
SELECT id FROM transcriptions
WHERE id IN (SELECT transcription_id FROM transcript_speakers
             WHERE speaker_id = %(profile)s
               AND (name_source = 'suggested' OR decisions_due_at IS NULL))
ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE
"""
_UNLINK = """
UPDATE transcript_speakers AS speaker
SET name = CASE name_source WHEN 'suggested' THEN '' ELSE name END,
    name_source = CASE name_source WHEN 'suggested' THEN 'none' ELSE name_source END,
    match_confidence = CASE name_source WHEN 'suggested' THEN 0 ELSE match_confidence END,
    speaker_id = 0,
    stamps = jsonb_set(speaker.stamps, '{name}', jsonb_build_array(
        coalesce(speaker.stamps #> '{name,0}', '0'), transcription.revision + 1))
FROM transcriptions AS transcription
WHERE speaker.transcription_id = transcription.id AND transcription.id = ANY(%(ids)s)
  AND speaker.speaker_id = %(profile)s
  AND (name_source = 'suggested' OR transcription.decisions_due_at IS NULL)
RETURNING transcription.id
"""
# While the profile can be restored.
_KEEP = """
INSERT INTO unlinked_names (profile, transcription_id, label, name_source, match_confidence, origin)
SELECT speaker_id, transcription_id, label, name_source, match_confidence,
       coalesce((stamps #>> '{name,0}')::integer, 0)
FROM transcript_speakers
WHERE speaker_id > 0 AND speaker_id = %(profile)s
ON CONFLICT DO NOTHING
"""
_KEEP_OF = """
INSERT INTO unlinked_names (profile, transcription_id, label, name_source, match_confidence, origin)
SELECT speaker_id, transcription_id, label, name_source, match_confidence,
       coalesce((stamps #>> '{name,0}')::integer, 0)
FROM transcript_speakers
WHERE speaker_id > 0 AND transcription_id = %(id)s AND label = ANY(%(labels)s)
ON CONFLICT DO NOTHING
"""
_LOCK_UNLINKED = """
SELECT id FROM transcriptions
WHERE id IN (SELECT transcription_id FROM unlinked_names WHERE profile = %(profile)s)
  AND (%(workspace_id)s = '' OR workspace_id = %(workspace_id)s)
ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE
"""
# Names that people or the recognizer gave since stay.
_RELINK = """
UPDATE transcript_speakers AS speaker
SET speaker_id = %(profile)s, name = %(name)s, name_source = kept.name_source,
    match_confidence = kept.match_confidence,
    stamps = jsonb_set(speaker.stamps, '{name}', jsonb_build_array(
        coalesce(speaker.stamps #> '{name,0}', '0'), transcription.revision + 1))
FROM transcriptions AS transcription, unlinked_names AS kept
WHERE speaker.transcription_id = transcription.id AND transcription.id = ANY(%(ids)s)
  AND kept.profile = %(profile)s
  AND (kept.transcription_id, kept.label) = (speaker.transcription_id, speaker.label)
  AND speaker.speaker_id = %(into)s
  AND coalesce((speaker.stamps #>> '{name,0}')::integer, 0) = kept.origin
  AND (speaker.name_source = kept.name_source
       OR (kept.name_source = 'suggested' AND speaker.name_source = 'none'))
RETURNING transcription.id
"""
_FORGET = "DELETE FROM unlinked_names WHERE profile = %(profile)s"
_FORGET_OF = """
DELETE FROM unlinked_names WHERE profile = %(profile)s AND transcription_id = ANY(%(ids)s)
"""
#: When decisions about voices are sent after their names were linked again.
_SENT_SECONDS = 1.0
_RECORD = """
WITH advanced AS (
    UPDATE transcriptions SET revision = revision + 1 WHERE id = ANY(%(ids)s)
    RETURNING id, revision, session_id, workspace_id),
recorded AS (
    INSERT INTO transcript_batches (
        transcription_id, revision, author, kind, target, operations, effects)
    SELECT id, revision, '', %(kind)s, 0, '[]', %(effects)s FROM advanced)
SELECT id, revision, session_id, workspace_id FROM advanced ORDER BY id
"""


class FollowedNames:
    """Names linked to a profile, changed in a bounded number of transcripts at a time.

    All methods return the number of examined transcripts, 0 if none is left.
    """

    def __init__(self, connection: Connection, *, at_a_time: int) -> None:
        self._connection = connection
        self._limit = at_a_time

    async def rename(self, profile: int, name: str, *, workspace_id: str = "") -> int:
        """Rename the speakers linked to a profile. With a workspace, only in its transcripts."""
        parameters = {"profile": profile, "name": name, "workspace_id": workspace_id}
        return await self._follow(_LOCK_RENAMED, _RENAME, parameters)

    async def merge(self, profile: int, into: int) -> int:
        """Link the speakers of a profile to another one."""
        if profile == into:
            return 0
        return await self._follow(_LOCK_LINKED, _MERGE, {"profile": profile, "into": into})

    async def unlink(self, profile: int) -> int:
        """Link the speakers of a deleted profile to none. Its suggested names are removed."""
        return await self._follow(_LOCK_ORPHANS, _UNLINK, {"profile": profile})

    async def keep(self, profile: int) -> None:
        """Keep the names linked to a profile before it goes, so that it can be restored."""
        await execute(self._connection, _KEEP, {"profile": profile})

    async def keep_of(self, transcription_id: int, labels: Collection[str]) -> None:
        """Keep the names of labels whose profiles are gone, before they are unlinked."""
        if labels:
            parameters = {"id": transcription_id, "labels": sorted(labels)}
            await execute(self._connection, _KEEP_OF, parameters)

    async def relink(self, profile: int, name: str, into: int, *, workspace_id: str = "") -> int:
        """Link the kept names of a restored profile to it again, unless others were given since.

        `into` is the profile that it had been merged into, 0 if it had been deleted. With a
        workspace, only its own transcripts follow.
        """
        parameters: dict[str, object] = {"profile": profile, "name": name, "into": into}
        locked = {**parameters, "limit": self._limit, "workspace_id": workspace_id}
        rows = await fetch_all(self._connection, _LOCK_UNLINKED, locked)
        ids = [row["id"] for row in rows]
        if ids:
            changed = await self._change(_RELINK, parameters, ids)
            await execute(self._connection, _FORGET_OF, {"profile": profile, "ids": ids})
            for transcription_id in changed:
                # Names may have been taken away since, without the speakers service learning it.
                await DueDecisions(self._connection).ask_after_edit(
                    transcription_id, _SENT_SECONDS, always=False
                )
        return len(ids)

    async def forget(self, profile: int) -> None:
        """Forget the kept names of a profile no longer restorable."""
        await execute(self._connection, _FORGET, {"profile": profile})

    async def _follow(self, lock: str, change: str, parameters: dict[str, object]) -> int:
        rows = await fetch_all(self._connection, lock, {**parameters, "limit": self._limit})
        ids = [row["id"] for row in rows]
        if ids:
            await self._change(change, parameters, ids)
        return len(ids)

    async def _change(
        self, change: str, parameters: dict[str, object], ids: list[int]
    ) -> list[int]:
        """Change names in locked transcripts, and return those in which any did."""
        rows = await fetch_all(self._connection, change, {**parameters, "ids": ids})
        changed = sorted({row["id"] for row in rows})
        await self._record(changed)
        return changed

    async def _record(self, ids: list[int]) -> None:
        effects = Jsonb(encoding.effects_to_json(Effects()))
        parameters = {"ids": ids, "kind": BatchKind.NAMES, "effects": effects}
        outbox, index = JobOutbox(self._connection), SearchIndex(self._connection)
        for transcription_id in ids:
            await index.edited(transcription_id, (), ())
            await index.describe(transcription_id)
        for row in await fetch_all(self._connection, _RECORD, parameters):
            owner = Grant(session_id=row["session_id"], workspace_id=row["workspace_id"])
            entry = Entry(revision=row["revision"], author="", kind=BatchKind.NAMES)
            await outbox.event(messages.transcript_edited(row["id"], owner, entry))
