"""Table of observations: voiceprints attributed to profiles by people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from psycopg.rows import DictRow

from common.errors import NotFoundError, ValidationError
from common.identity import Owner
from common.postgres import Connection, execute, fetch_all, fetch_one
from speakers.domain.observation import Clip, DecisionSource, Observation
from speakers.domain.profile import Page
from speakers.domain.prototype import Sample
from speakers.domain.voiceprint import VoiceModel, Voiceprint

#: Largest number of observations behind a prototype. Those with the most speech are used.
MOST_SAMPLES = 500

_MODEL = """
INSERT INTO voice_models (name, version, dimension) VALUES (%(name)s, %(version)s, %(dimension)s)
ON CONFLICT (name, version) DO NOTHING
"""
_MODEL_ID = """
SELECT model_id, dimension FROM voice_models WHERE name = %(name)s AND version = %(version)s
"""
_ADD = """
INSERT INTO observations (profile_id, transcription_id, speaker_label, session_id, workspace_id,
                          model_id, voiceprint, voice_seconds, digest, clip, clip_content_type,
                          request_key)
VALUES (%(profile_id)s, %(transcription_id)s, %(speaker_label)s, %(session_id)s,
        %(workspace_id)s, %(model_id)s, %(voiceprint)s::real[]::vector, %(seconds)s, %(digest)s,
        %(clip)s, %(clip_content_type)s, %(request_key)s)
RETURNING observation_id
"""
_SET_CLIP = """
UPDATE observations SET clip = %(clip)s, clip_content_type = %(clip_content_type)s
WHERE transcription_id = %(transcription_id)s AND speaker_label = %(speaker_label)s
  AND (clip, clip_content_type) IS DISTINCT FROM (%(clip)s::bytea, %(clip_content_type)s::text)
"""
_REMOVE_VOICES = """
DELETE FROM observations WHERE transcription_id = %s AND speaker_label = ANY(%s)
RETURNING profile_id
"""
_REMOVE = "DELETE FROM observations WHERE observation_id = %s AND profile_id = %s"
_MOVE_ALL = "UPDATE observations SET profile_id = %(into)s WHERE profile_id = %(source)s"
_MOVE = """
UPDATE observations SET profile_id = %(into)s
WHERE profile_id = %(source)s AND observation_id = ANY(%(ids)s)
"""
_BY_REQUEST = "SELECT observation_id, profile_id FROM observations WHERE request_key = %s"
_TOTALS = """
SELECT count(*)::integer AS samples,
       coalesce(sum(voice_seconds ORDER BY voice_seconds), 0) AS seconds
FROM observations WHERE profile_id = %s
"""
# The order decides which samples count beyond the limit. It must not depend on insertion order.
_SAMPLES = """
SELECT o.model_id, m.name, m.version, m.dimension, o.voice_seconds, o.voiceprint::real[] AS vector
FROM (
    SELECT *, row_number() OVER (PARTITION BY model_id ORDER BY voice_seconds DESC, digest) AS place
    FROM observations WHERE profile_id = %s
) o JOIN voice_models m USING (model_id)
WHERE o.place <= %s
"""
_LEDGER = """
SELECT * FROM (
    SELECT o.observation_id, o.profile_id, coalesce(o.transcription_id, 0) AS transcription_id,
           o.speaker_label, o.voice_seconds, m.name AS model, o.created_at,
           CASE WHEN o.transcription_id IS NULL THEN 'enrollment' ELSE 'person' END AS decided_by,
           1.0::double precision AS confidence
    FROM observations o JOIN voice_models m USING (model_id)
    UNION ALL
    SELECT r.observation_id, r.profile_id, r.transcription_id, r.speaker_label, r.voice_seconds,
           m.name, r.created_at, 'machine', r.confidence
    FROM recognitions r JOIN voice_models m USING (model_id)
) ledger
WHERE profile_id = %(profile_id)s AND (%(id)s::bigint IS NULL OR observation_id = %(id)s)
ORDER BY created_at DESC, observation_id DESC LIMIT %(size)s OFFSET %(offset)s
"""
_LEDGER_SIZE = """
SELECT (SELECT count(*) FROM observations WHERE profile_id = %(profile_id)s)
     + (SELECT count(*) FROM recognitions WHERE profile_id = %(profile_id)s) AS total
"""
_CLIPPED = """
SELECT o.observation_id, m.name, m.version, m.dimension, o.voice_seconds,
       o.voiceprint::real[] AS vector
FROM observations o JOIN voice_models m USING (model_id)
WHERE o.profile_id = %(profile_id)s AND o.clip IS NOT NULL
  AND (o.workspace_id = %(workspace_id)s OR o.transcription_id IS NULL OR %(shared)s)
ORDER BY o.voice_seconds DESC, o.digest LIMIT %(limit)s
"""
_CLIP = "SELECT clip, clip_content_type FROM observations WHERE observation_id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservationOrigin:
    """Origin of an observation: a voice of a recording, or an enrolled clip.

    For a clip, `transcription_id` is 0 and `label` is empty. `owner` is the session adding the
    observation, with its workspace. `request_key` makes an enrollment idempotent.
    """

    owner: Owner
    transcription_id: int = 0
    label: str = ""
    request_key: str | None = None


class Observations:
    """Repository of observations, bound to one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def model_id(self, model: VoiceModel) -> int | None:
        """Return the id of a model with stored voiceprints, None for an unknown model.

        A model with a dimension other than the stored one counts as unknown.
        """
        parameters = {"name": model.name, "version": model.version}
        row = await fetch_one(self._connection, _MODEL_ID, parameters)
        return row["model_id"] if row and row["dimension"] == model.dimension else None

    async def add(
        self, profile_id: int, voiceprint: Voiceprint, origin: ObservationOrigin, clip: Clip | None
    ) -> int:
        """Insert an observation and return its id.

        Raises:
            ValidationError: Stored voiceprints of this model have another dimension.
        """
        model = voiceprint.model
        named = {"name": model.name, "version": model.version, "dimension": model.dimension}
        await execute(self._connection, _MODEL, named)
        model_id = await self.model_id(model)
        if model_id is None:
            raise ValidationError.of(
                "voiceprint.values",
                "The dimension of the voiceprint differs from stored voiceprints of this model.",
            )
        parameters = {
            "profile_id": profile_id,
            "transcription_id": origin.transcription_id or None,
            "speaker_label": origin.label,
            "session_id": origin.owner.session_id,
            "workspace_id": origin.owner.workspace_id,
            "model_id": model_id,
            "voiceprint": voiceprint.vector.tolist(),
            "seconds": voiceprint.seconds,
            "digest": voiceprint.digest,
            **_clip_columns(clip),
            "request_key": origin.request_key,
        }
        row = await fetch_one(self._connection, _ADD, parameters)
        assert row is not None
        return int(row["observation_id"])

    async def set_clip(self, transcription_id: int, label: str, clip: Clip | None) -> None:
        """Set the clip of a voice's observation, or remove it. Voices without one are left."""
        parameters = {
            "transcription_id": transcription_id,
            "speaker_label": label,
            **_clip_columns(clip),
        }
        await execute(self._connection, _SET_CLIP, parameters)

    async def remove_voices(self, transcription_id: int, labels: Iterable[str]) -> set[int]:
        """Delete the observations of some voices of a recording. Return affected profile ids."""
        parameters = (transcription_id, list(labels))
        rows = await fetch_all(self._connection, _REMOVE_VOICES, parameters)
        return {row["profile_id"] for row in rows}

    async def remove(self, profile_id: int, observation_id: int) -> bool:
        """Delete one observation of a profile. Return whether it existed."""
        return await execute(self._connection, _REMOVE, (observation_id, profile_id)) > 0

    async def move_all(self, source: int, into: int) -> None:
        """Reassign all observations from profile `source` to profile `into`."""
        await execute(self._connection, _MOVE_ALL, {"source": source, "into": into})

    async def move(self, ids: Sequence[int], source: int, into: int) -> int:
        """Reassign some observations of `source` to `into`. Return how many were found."""
        parameters = {"source": source, "into": into, "ids": list(ids)}
        return await execute(self._connection, _MOVE, parameters)

    async def by_request(self, request_key: str) -> tuple[int, int] | None:
        """Return the (observation id, profile id) created by an idempotent request."""
        row = await fetch_one(self._connection, _BY_REQUEST, (request_key,))
        return None if row is None else (row["observation_id"], row["profile_id"])

    async def totals(self, profile_id: int) -> tuple[int, float]:
        """Return the number of observations of a profile and their seconds of clean speech."""
        row = await fetch_one(self._connection, _TOTALS, (profile_id,))
        return (row["samples"], row["seconds"]) if row else (0, 0.0)

    async def samples(self, profile_id: int) -> dict[tuple[int, VoiceModel], list[Sample]]:
        """Return the samples of a profile, keyed by (model id, model)."""
        found: dict[tuple[int, VoiceModel], list[Sample]] = {}
        for row in await fetch_all(self._connection, _SAMPLES, (profile_id, MOST_SAMPLES)):
            found.setdefault((row["model_id"], _model(row)), []).append(_sample(row))
        return found

    async def ledger(self, profile_id: int, page: Page) -> tuple[list[Observation], int]:
        """Return one page of observations and recognitions, newest first, and the total count."""
        parameters = {
            "profile_id": profile_id,
            "id": None,
            "size": page.size,
            "offset": page.offset,
        }
        rows = await fetch_all(self._connection, _LEDGER, parameters)
        count = await fetch_one(self._connection, _LEDGER_SIZE, {"profile_id": profile_id})
        return [_observation(row) for row in rows], count["total"] if count else 0

    async def get(self, profile_id: int, observation_id: int) -> Observation:
        """Return one entry of a profile's ledger.

        Raises:
            NotFoundError: The profile has no such entry.
        """
        parameters = {"profile_id": profile_id, "id": observation_id, "size": 1, "offset": 0}
        row = await fetch_one(self._connection, _LEDGER, parameters)
        if row is None:
            raise NotFoundError("Observation not found for this speaker.")
        return _observation(row)

    async def clipped(
        self, profile_id: int, *, workspace_id: str, shared: bool
    ) -> list[tuple[int, VoiceModel, Sample]]:
        """Return (observation id, model, sample) of observations with a clip, longest speech first.

        Unless `shared`, clips of recordings named in other workspaces are left out.
        """
        parameters = {
            "profile_id": profile_id,
            "workspace_id": workspace_id,
            "shared": shared,
            "limit": MOST_SAMPLES,
        }
        rows = await fetch_all(self._connection, _CLIPPED, parameters)
        return [(row["observation_id"], _model(row), _sample(row)) for row in rows]

    async def clip(self, observation_id: int) -> Clip | None:
        """Return the clip of an observation."""
        row = await fetch_one(self._connection, _CLIP, (observation_id,))
        if row is None or row["clip"] is None:
            return None
        return Clip(content=bytes(row["clip"]), content_type=row["clip_content_type"])


def _clip_columns(clip: Clip | None) -> dict[str, object]:
    return {
        "clip": None if clip is None else clip.content,
        "clip_content_type": None if clip is None else clip.content_type,
    }


def _model(row: DictRow) -> VoiceModel:
    return VoiceModel(name=row["name"], version=row["version"], dimension=row["dimension"])


def _sample(row: DictRow) -> Sample:
    vector = np.array(row["vector"], dtype=np.float32)
    return Sample(vector=vector, seconds=row["voice_seconds"])


def _observation(row: DictRow) -> Observation:
    return Observation(
        observation_id=row["observation_id"],
        profile_id=row["profile_id"],
        transcription_id=row["transcription_id"],
        speaker_label=row["speaker_label"],
        seconds=row["voice_seconds"],
        decided_by=DecisionSource(row["decided_by"]),
        model=row["model"],
        confidence=row["confidence"],
        created_at=row["created_at"],
    )
