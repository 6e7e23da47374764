"""Table of automatic recognitions, and statistics per profile."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_one
from speakers.domain.profile import Profile

_FORGET = """
DELETE FROM recognitions WHERE transcription_id = %s AND NOT speaker_label = ANY(%s)
"""
# Skips profiles deleted in the meantime. The row lock makes a concurrent deletion wait for this
# transaction.
_PUT = """
INSERT INTO recognitions (transcription_id, speaker_label, workspace_id, profile_id, model_id,
                          speech_seconds, voice_seconds, confidence)
SELECT %(transcription_id)s, %(speaker_label)s, %(workspace_id)s, profile_id, %(model_id)s,
       %(speech_seconds)s, %(voice_seconds)s, %(confidence)s
FROM profiles WHERE profile_id = %(profile_id)s AND pool = %(pool)s AND active FOR KEY SHARE
ON CONFLICT (transcription_id, speaker_label) DO UPDATE
SET workspace_id = excluded.workspace_id, profile_id = excluded.profile_id,
    model_id = excluded.model_id, speech_seconds = excluded.speech_seconds,
    voice_seconds = excluded.voice_seconds, confidence = excluded.confidence, created_at = now()
"""
_REMOVE = "DELETE FROM recognitions WHERE observation_id = %s AND profile_id = %s"
_MOVE = "UPDATE recognitions SET profile_id = %(into)s WHERE profile_id = %(source)s"
# A person's decision about a voice overrides the recognition of the same voice.
_STATISTICS = """
WITH said AS (
    SELECT transcription_id, speech_seconds, 1.0::double precision AS confidence
    FROM decisions WHERE profile_id = %(profile_id)s
    UNION ALL
    SELECT r.transcription_id, r.speech_seconds, r.confidence FROM recognitions r
    WHERE r.profile_id = %(profile_id)s AND NOT EXISTS (
        SELECT FROM decisions d WHERE d.transcription_id = r.transcription_id
                                  AND d.speaker_label = r.speaker_label)
)
SELECT count(DISTINCT transcription_id) AS transcriptions,
       coalesce(sum(speech_seconds), 0) AS seconds,
       coalesce(avg(confidence), 0) AS confidence,
       count(*) FILTER (WHERE confidence >= 0.8) AS high,
       count(*) FILTER (WHERE confidence >= 0.6 AND confidence < 0.8) AS medium,
       count(*) FILTER (WHERE confidence >= 0.4 AND confidence < 0.6) AS low,
       count(*) FILTER (WHERE confidence < 0.4) AS very_low
FROM said
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class VoiceRecognition:
    """Automatic match of a voice of a recording with a profile.

    `speech_seconds` is all speech of the voice. `voice_seconds` is the clean speech behind its
    voiceprint. `confidence` is a probability, 0 to 1.
    """

    label: str
    profile_id: int
    model_id: int
    speech_seconds: float
    voice_seconds: float
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerStatistics:
    """Statistics over the recordings with the speaker named or recognized.

    `seconds` is the speaker's total speech. `high` to `very_low` count voices by confidence level.
    """

    profile: Profile
    transcriptions: int
    seconds: float
    average_confidence: float
    high: int
    medium: int
    low: int
    very_low: int


class Recognitions:
    """Repository of recognitions, bound to one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def replace(
        self,
        transcription_id: int,
        workspace_id: str,
        found: Sequence[VoiceRecognition],
        *,
        pool: str,
    ) -> set[str]:
        """Replace the recognitions of a recording. Return the stored labels.

        Recognitions of profiles deleted, or moved to another pool, in the meantime are not stored.
        """
        stand = set()
        for item in sorted(found, key=lambda item: item.label):
            parameters = {
                "transcription_id": transcription_id,
                "speaker_label": item.label,
                "workspace_id": workspace_id,
                "pool": pool,
                "profile_id": item.profile_id,
                "model_id": item.model_id,
                "speech_seconds": item.speech_seconds,
                "voice_seconds": item.voice_seconds,
                "confidence": item.confidence,
            }
            if await execute(self._connection, _PUT, parameters):
                stand.add(item.label)
        await execute(self._connection, _FORGET, (transcription_id, sorted(stand)))
        return stand

    async def remove(self, profile_id: int, observation_id: int) -> bool:
        """Delete one recognition of a profile. Return whether it existed."""
        return await execute(self._connection, _REMOVE, (observation_id, profile_id)) > 0

    async def move(self, source: int, into: int) -> None:
        """Reassign all recognitions from profile `source` to profile `into`."""
        await execute(self._connection, _MOVE, {"source": source, "into": into})

    async def statistics(self, profile: Profile) -> SpeakerStatistics:
        """Return statistics over the decisions and recognitions of a profile."""
        row = await fetch_one(self._connection, _STATISTICS, {"profile_id": profile.profile_id})
        assert row is not None
        return SpeakerStatistics(
            profile=profile,
            transcriptions=row["transcriptions"],
            seconds=row["seconds"],
            average_confidence=row["confidence"],
            high=row["high"],
            medium=row["medium"],
            low=row["low"],
            very_low=row["very_low"],
        )
