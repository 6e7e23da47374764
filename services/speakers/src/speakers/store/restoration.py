"""Statements to undo permanent deletions, merges and splits, within one transaction.

People's later decisions about voices stand.
"""

import psycopg.errors

from common.errors import ConflictError
from common.postgres import Connection, execute, fetch_all
from speakers.domain.trash import Trashed

_PROFILE = """
INSERT INTO profiles (profile_id, name, name_key, gender, age_range, language, accent, description,
                      verified, active, kept, request_key, search_name, search_words, sample_count,
                      speech_seconds, confidence, created_at, updated_at, workspace_id,
                      pool)
OVERRIDING SYSTEM VALUE
SELECT profile_id, name, name_key, gender, age_range, language, accent, description, verified,
       active, kept,
       CASE WHEN NOT EXISTS (SELECT FROM profiles p WHERE p.request_key = t.request_key)
            THEN request_key END,
       search_name, search_words, sample_count, speech_seconds, confidence, created_at, updated_at,
       workspace_id, pool
FROM trashed_profiles t WHERE trash_id = %(trash_id)s
"""
# A voice that was decided since may have no observation, because its speech is too short.
_OBSERVATIONS = """
INSERT INTO observations (observation_id, profile_id, transcription_id, speaker_label, session_id,
                          workspace_id, model_id, voiceprint, voice_seconds, digest, clip,
                          clip_content_type, request_key, created_at)
SELECT observation_id, profile_id, transcription_id, speaker_label, session_id, workspace_id,
       model_id, voiceprint, voice_seconds, digest, clip, clip_content_type,
       CASE WHEN NOT EXISTS (SELECT FROM observations o WHERE o.request_key = t.request_key)
            THEN request_key END,
       created_at
FROM trashed_observations t
WHERE trash_id = %(trash_id)s
  AND NOT EXISTS (SELECT FROM decisions d
                  WHERE d.transcription_id = t.transcription_id
                    AND d.speaker_label = t.speaker_label)
ON CONFLICT DO NOTHING
"""
_DECISIONS = """
INSERT INTO decisions (transcription_id, speaker_label, profile_id, speech_seconds, voice_digest,
                       decided_at, workspace_id)
SELECT transcription_id, speaker_label, profile_id, speech_seconds, voice_digest, decided_at,
       workspace_id
FROM trashed_decisions WHERE trash_id = %(trash_id)s
ON CONFLICT DO NOTHING
"""
_RECOGNITIONS = """
INSERT INTO recognitions (observation_id, transcription_id, speaker_label, profile_id, model_id,
                          speech_seconds, voice_seconds, confidence, created_at, workspace_id)
SELECT observation_id, transcription_id, speaker_label, profile_id, model_id, speech_seconds,
       voice_seconds, confidence, created_at, workspace_id
FROM trashed_recognitions WHERE trash_id = %(trash_id)s
ON CONFLICT DO NOTHING
"""
_MOVE_OBSERVATIONS = """
UPDATE observations SET profile_id = %(profile_id)s
WHERE profile_id = %(into_id)s
  AND observation_id IN (SELECT observation_id FROM moved_entries WHERE trash_id = %(trash_id)s)
"""
_MOVE_RECOGNITIONS = """
UPDATE recognitions SET profile_id = %(profile_id)s
WHERE profile_id = %(into_id)s
  AND observation_id IN (SELECT observation_id FROM moved_entries WHERE trash_id = %(trash_id)s)
"""
_MOVE_DECISIONS = """
UPDATE decisions d SET profile_id = %(profile_id)s
FROM moved_decisions m
WHERE m.trash_id = %(trash_id)s AND d.profile_id = %(into_id)s
  AND (d.transcription_id, d.speaker_label, d.decided_at)
    = (m.transcription_id, m.speaker_label, m.decided_at)
"""
_RETURN_FORWARDED = """
UPDATE gone_profiles SET into_id = %(profile_id)s
WHERE profile_id = ANY(%(forwarded)s) AND into_id IS NOT DISTINCT FROM %(into_or_null)s
"""
_NOT_GONE = "DELETE FROM gone_profiles WHERE profile_id = %(profile_id)s"
_UNUSED_TARGET = """
DELETE FROM profiles p
WHERE profile_id = %(into_id)s AND name = %(into_name)s AND description = '' AND NOT verified
  AND NOT EXISTS (SELECT FROM decisions d WHERE d.profile_id = p.profile_id)
  AND NOT EXISTS (SELECT FROM observations o WHERE o.profile_id = p.profile_id)
  AND NOT EXISTS (SELECT FROM recognitions r WHERE r.profile_id = p.profile_id)
RETURNING profile_id
"""


class Restoration:
    """Undoes one entry of the trash."""

    def __init__(self, connection: Connection, entry: Trashed) -> None:
        self._connection = connection
        self._parameters = {
            "trash_id": entry.trash_id,
            "profile_id": entry.profile_id,
            "into_id": entry.into_id,
            "into_or_null": entry.into_id or None,
            "into_name": entry.into_name,
            "forwarded": list(entry.forwarded),
        }

    async def undelete(self) -> None:
        """Bring back a deleted profile with its rows.

        Raises:
            ConflictError: Another active profile has the name.
        """
        await self._add_profile()
        await self._execute(_OBSERVATIONS, _DECISIONS, _RECOGNITIONS, _RETURN_FORWARDED)

    async def separate(self) -> None:
        """Bring back a merged profile, and the rows moved from it.

        Raises:
            ConflictError: Another active profile has the name.
        """
        await self._add_profile()
        await self._execute(
            _MOVE_OBSERVATIONS, _MOVE_RECOGNITIONS, _MOVE_DECISIONS, _RETURN_FORWARDED
        )

    async def move_back(self) -> None:
        """Move the observations of a split back."""
        await self._execute(_MOVE_OBSERVATIONS)

    async def drop_target(self) -> bool:
        """Delete the profile made by a split, if nothing else uses it."""
        return bool(await fetch_all(self._connection, _UNUSED_TARGET, self._parameters))

    async def _add_profile(self) -> None:
        try:
            await self._execute(_NOT_GONE, _PROFILE)
        except psycopg.errors.UniqueViolation as error:
            raise ConflictError(
                "Another active speaker has this name by now. Rename or deactivate it first.",
                {"field": "name"},
            ) from error

    async def _execute(self, *statements: str) -> None:
        for sql in statements:
            await execute(self._connection, sql, self._parameters)
