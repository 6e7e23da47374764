"""Earlier machine versions of transcripts, within one transaction."""

import datetime as dt
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.transcripts import Segment
from transcriber.store.rows import segment_of, words_to_json

_ARCHIVE = """
INSERT INTO machine_versions (transcription_id, revision, transcript_at, content, labels)
VALUES (%(id)s, %(revision)s, %(transcript_at)s, %(content)s, %(labels)s)
"""
_ALL = """
SELECT revision, transcript_at FROM machine_versions
WHERE transcription_id = %s ORDER BY revision
"""
_LABELS = """
SELECT labels FROM machine_versions
WHERE transcription_id = %s AND revision >= %s ORDER BY revision
"""
_AT = """
SELECT revision, transcript_at, content FROM machine_versions
WHERE transcription_id = %s AND revision <= %s ORDER BY revision DESC LIMIT 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineVersion:
    """A machine version: the revision that stored it, and its segments with words."""

    revision: int
    segments: Sequence[Segment]


class MachineVersions:
    """The earlier machine versions of one transcription."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._connection = connection
        self._id = transcription_id

    async def archive(
        self, version: MachineVersion, transcript_at: dt.datetime, labels: Mapping[str, str]
    ) -> None:
        """Keep a version. `labels` has those of the version behind it by its own."""
        parameters = {
            "id": self._id,
            "revision": version.revision,
            "transcript_at": transcript_at,
            "content": _packed(version.segments),
            "labels": Jsonb(dict(labels)),
        }
        await execute(self._connection, _ARCHIVE, parameters)

    async def times(self) -> list[tuple[int, dt.datetime]]:
        """Return the revisions of all versions, and when they were made."""
        rows = await fetch_all(self._connection, _ALL, (self._id,))
        return [(row["revision"], row["transcript_at"]) for row in rows]

    async def at(self, revision: int) -> MachineVersion | None:
        """Return the version that a revision is based on, None if it is older than all."""
        row = await fetch_one(self._connection, _AT, (self._id, revision))
        return None if row is None else _unpacked(row)

    async def labels_since(self, revision: int) -> dict[str, str]:
        """Return the labels of the newest machine version by those of an earlier one."""
        rows = await fetch_all(self._connection, _LABELS, (self._id, revision))
        steps: list[dict[str, str]] = [row["labels"] for row in rows]
        labels = steps[0] if steps else {}
        for step in steps[1:]:
            labels = {old: step.get(new, new) for old, new in labels.items()}
        return labels


def _packed(segments: Sequence[Segment]) -> bytes:
    content = [
        [
            segment.label,
            segment.text,
            segment.start,
            segment.end,
            segment.confidence,
            segment.language,
            segment.channel,
            words_to_json(segment.words),
        ]
        for segment in segments
    ]
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode())


def _unpacked(row: DictRow) -> MachineVersion:
    revision: int = row["revision"]
    names = ("label", "text", "start_seconds", "end_seconds", "confidence", "language", "channel")
    segments = []
    for position, (*values, words) in enumerate(json.loads(zlib.decompress(row["content"]))):
        fields: dict[str, Any] = {
            **dict(zip(names, values, strict=True)),
            "position": position,
            "machine_revision": revision,
            "words": words,
        }
        segments.append(segment_of(fields))
    return MachineVersion(revision=revision, segments=segments)
