"""Places of hits in the recording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.postgres import Connection, fetch_one
from transcriber.editing.items import ItemId
from transcriber.editing.machine_version import position_of, segment_id

_SPEAKER = """
SELECT item, label, start_seconds FROM search_segments
WHERE transcription_id = %s AND kind = 'segment' AND label = %s
ORDER BY start_seconds LIMIT 1
"""
_NOTE = """
SELECT item, label, start_seconds FROM search_segments
WHERE transcription_id = %(id)s AND item = coalesce(
    (SELECT item FROM edited_segments
     WHERE transcription_id = %(id)s AND ids @> ARRAY[%(word)s] LIMIT 1),
    %(machine)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Segment, speaker and start in seconds. Titles have none."""

    segment: str = ""
    label: str = ""
    start: float | None = None


class SearchPlaces:
    """Lookups of places, within the transaction of a search."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def places(self, rows: Sequence[Mapping[str, Any]]) -> list[Place]:
        """Return the places of entries."""
        return [await self._place(row) for row in rows]

    async def _place(self, row: Mapping[str, Any]) -> Place:
        match row["kind"]:
            case "segment":
                return _of(row)
            case "speaker":
                return await self._first_segment(row["transcription_id"], row["label"])
            case "note":
                return await self._noted(row["transcription_id"], row["label"])
            case _:
                return Place()

    async def _first_segment(self, transcription_id: int, label: str) -> Place:
        found = await fetch_one(self._connection, _SPEAKER, (transcription_id, label))
        return _of(found) if found else Place(label=label)

    async def _noted(self, transcription_id: int, word_id: str) -> Place:
        word = ItemId.parse(word_id)
        found = await fetch_one(
            self._connection,
            _NOTE,
            {
                "id": transcription_id,
                "word": word_id,
                "machine": str(segment_id(word.revision, position_of(word))),
            },
        )
        return _of(found) if found else Place()


def _of(row: Mapping[str, Any]) -> Place:
    return Place(segment=row["item"], label=row["label"], start=row["start_seconds"])
