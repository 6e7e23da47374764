"""Table of people's decisions about the voices of recordings."""

from collections.abc import Iterable
from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all

_OF_RECORDING = """
SELECT d.speaker_label, d.profile_id, d.voice_digest, p.name_key, p.pool
FROM decisions d JOIN profiles p USING (profile_id) WHERE d.transcription_id = %s
"""
_PUT = """
INSERT INTO decisions (transcription_id, speaker_label, workspace_id, profile_id, speech_seconds,
                       voice_digest)
VALUES (%(transcription_id)s, %(speaker_label)s, %(workspace_id)s, %(profile_id)s,
        %(speech_seconds)s, %(voice_digest)s)
ON CONFLICT (transcription_id, speaker_label) DO UPDATE
SET workspace_id = excluded.workspace_id, profile_id = excluded.profile_id,
    speech_seconds = excluded.speech_seconds, voice_digest = excluded.voice_digest,
    decided_at = now()
"""
_REMOVE = "DELETE FROM decisions WHERE transcription_id = %s AND speaker_label = ANY(%s)"
_MOVE = "UPDATE decisions SET profile_id = %(into)s WHERE profile_id = %(source)s"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredDecision:
    """A decision in force. `name_key` derives from the current name of the profile.

    `pool` is that of the profile, which may be another one than that of the recording's owner.
    """

    label: str
    profile_id: int
    name_key: str
    pool: str
    voice_digest: bytes


class Decisions:
    """Repository of decisions, bound to one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_recording(self, transcription_id: int) -> dict[str, StoredDecision]:
        """Return the decisions about a recording, keyed by speaker label."""
        rows = await fetch_all(self._connection, _OF_RECORDING, (transcription_id,))
        return {
            row["speaker_label"]: StoredDecision(
                label=row["speaker_label"],
                profile_id=row["profile_id"],
                name_key=row["name_key"],
                pool=row["pool"],
                voice_digest=bytes(row["voice_digest"]),
            )
            for row in rows
        }

    async def put(
        self,
        transcription_id: int,
        label: str,
        *,
        workspace_id: str,
        profile_id: int,
        speech_seconds: float,
        voice_digest: bytes,
    ) -> None:
        """Insert or replace the decision about one voice."""
        parameters = {
            "transcription_id": transcription_id,
            "speaker_label": label,
            "workspace_id": workspace_id,
            "profile_id": profile_id,
            "speech_seconds": speech_seconds,
            "voice_digest": voice_digest,
        }
        await execute(self._connection, _PUT, parameters)

    async def remove(self, transcription_id: int, labels: Iterable[str]) -> None:
        """Delete the decisions about some voices of a recording."""
        await execute(self._connection, _REMOVE, (transcription_id, list(labels)))

    async def move(self, source: int, into: int) -> None:
        """Reassign all decisions from profile `source` to profile `into`."""
        await execute(self._connection, _MOVE, {"source": source, "into": into})
