"""Rows for the computation of earlier revisions of a transcript, within one transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from psycopg.rows import DictRow

from common.postgres import Connection, fetch_all
from transcriber.domain.transcripts import Segment
from transcriber.editing import encoding, machine_version
from transcriber.editing.history import BatchKind, Entry
from transcriber.editing.items import ItemId, NoteItem, PlacedItem, Times
from transcriber.editing.operations import Operation
from transcriber.editing.reconstruction import StoredBatch
from transcriber.store.rows import segment_of

# The beginnings of all rows of the newest revision, and whether they have certain items. One that
# ends before the recording stands for an empty machine version.
_CURRENT = """
SELECT position, position::numeric AS rank, '' AS item, start_seconds, end_seconds,
       end_seconds >= 0 AS shown,
       position = ANY(%(positions)s) AS wanted
FROM segments WHERE transcription_id = %(id)s AND NOT superseded
UNION ALL
SELECT -1, rank, item, start_seconds, end_seconds, shown,
       EXISTS (SELECT 1 FROM unnest(ids) AS own WHERE own = ANY(%(items)s))
FROM edited_segments WHERE transcription_id = %(id)s
ORDER BY rank
"""
_MACHINE = """
SELECT position, position::numeric AS rank, '' AS item, start_seconds, end_seconds,
       end_seconds >= 0 AS shown,
       position = ANY(%(positions)s) AS wanted
FROM segments WHERE transcription_id = %(id)s ORDER BY position
"""
_MACHINE_ITEMS = """
SELECT position, label, text, start_seconds, end_seconds, confidence, language, channel, words
FROM segments WHERE transcription_id = %s AND position = ANY(%s)
"""
_EDITED_ITEMS = """
SELECT item, items FROM edited_segments WHERE transcription_id = %s AND item = ANY(%s)
"""
_SHOWN = """
SELECT position, label, text, start_seconds, end_seconds, confidence, language, channel,
       CASE WHEN %(words)s THEN words END AS words, '' AS item, false AS reviewed, false AS starred,
       %(machine)s AS machine_revision
FROM segments WHERE transcription_id = %(id)s AND position = ANY(%(positions)s)
UNION ALL
SELECT -1, label, text, start_seconds, end_seconds, confidence, language, channel,
       CASE WHEN %(words)s THEN words END, item, reviewed, starred, 0
FROM edited_segments WHERE transcription_id = %(id)s AND item = ANY(%(items)s)
"""
_BATCHES = """
SELECT batch.revision, batch.author, batch.kind, batch.target, own.effects
FROM transcript_batches AS batch
JOIN transcript_batches AS own
  ON own.transcription_id = batch.transcription_id
 AND own.revision = CASE batch.target WHEN 0 THEN batch.revision ELSE batch.target END
WHERE batch.transcription_id = %s AND batch.revision > %s AND batch.revision <= %s
ORDER BY batch.revision
"""
_SPEAKER_BATCHES = """
SELECT batch.revision, batch.author, batch.kind, batch.target, own.effects
FROM transcript_batches AS batch
JOIN transcript_batches AS own
  ON own.transcription_id = batch.transcription_id
 AND own.revision = CASE batch.target WHEN 0 THEN batch.revision ELSE batch.target END
WHERE batch.transcription_id = %s AND batch.revision > %s AND batch.revision <= %s
  AND jsonb_path_exists(own.effects, '$.changes[*][0] ? (@ starts with "@")')
ORDER BY batch.revision
"""
_COUNT = """
SELECT count(*) AS count FROM transcript_batches
WHERE transcription_id = %s AND revision > %s AND revision <= %s
"""
_MEASURED = """
SELECT revision, effects FROM transcript_batches
WHERE transcription_id = %s AND revision > %s AND revision <= %s
  AND operations @> '[{"kind": "SetTimes"}]'
ORDER BY revision
"""
_REPEATS = """
SELECT revision, target FROM transcript_batches
WHERE transcription_id = %s AND kind = 'redo' ORDER BY revision
"""
_OPERATIONS = """
SELECT operations FROM transcript_batches WHERE transcription_id = %s AND revision = %s
"""
_NOTES = "SELECT note FROM transcript_notes WHERE transcription_id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A stored segment without its words. Those of the machine version have a position, else -1."""

    item: str
    position: int
    rank: Decimal
    start: float
    end: float
    shown: bool
    wanted: bool


class PastRows:
    """Stored segments and batches of one transcription."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._connection = connection
        self._id = transcription_id

    async def count(self, after: int, until: int) -> int:
        """Return the number of batches behind a revision up to another one."""
        (row,) = await fetch_all(self._connection, _COUNT, (self._id, after, until))
        number: int = row["count"]
        return number

    async def batches(self, after: int, until: int) -> list[StoredBatch]:
        """Return the batches behind a revision up to another one, in order."""
        rows = await fetch_all(self._connection, _BATCHES, (self._id, after, until))
        return [_batch(row) for row in rows]

    async def speaker_batches(self, after: int, until: int) -> list[StoredBatch]:
        """Return the batches with changes of speakers, in order."""
        rows = await fetch_all(self._connection, _SPEAKER_BATCHES, (self._id, after, until))
        return [_batch(row) for row in rows]

    async def measured(self, after: int, until: int) -> dict[int, dict[ItemId, Times]]:
        """Return newly measured times of words, by revision."""
        rows = await fetch_all(self._connection, _MEASURED, (self._id, after, until))
        return {
            row["revision"]: {
                change.item: change.after
                for change in encoding.effects_from_json(row["effects"]).changes
                if isinstance(change.item, ItemId) and change.register == "times"
            }
            for row in rows
        }

    async def repeats(self) -> dict[int, list[int]]:
        """Return the revisions of the repetitions of a batch, by its revision."""
        found: dict[int, list[int]] = defaultdict(list)
        for row in await fetch_all(self._connection, _REPEATS, (self._id,)):
            found[row["target"]].append(row["revision"])
        return found

    async def current(self, wanted: Collection[str], machine_revision: int) -> list[Place]:
        """Return the stored segments of the newest revision in order.

        Those with wanted items are marked.
        """
        return await self._places(_CURRENT, wanted, machine_revision)

    async def machine(self, wanted: Collection[str], machine_revision: int) -> list[Place]:
        """Return the segments of the machine version in order."""
        return await self._places(_MACHINE, wanted, machine_revision)

    async def items(
        self, places: Sequence[Place], machine_revision: int
    ) -> dict[str, list[PlacedItem]]:
        """Return the words and beginnings of stored segments by the identifier of the segment."""
        positions = [place.position for place in places if place.position >= 0]
        edited = [place.item for place in places if place.position < 0]
        found: dict[str, list[PlacedItem]] = {}
        for row in await fetch_all(self._connection, _MACHINE_ITEMS, (self._id, positions)):
            position = row["position"]
            items = machine_version.items_of([segment_of(row)], machine_revision, first=position)
            found[str(machine_version.segment_id(machine_revision, position))] = list(items)
        for row in await fetch_all(self._connection, _EDITED_ITEMS, (self._id, edited)):
            found[row["item"]] = [encoding.item_from_json(item) for item in row["items"]]
        return found

    async def shown(
        self, places: Iterable[Place], machine_revision: int, *, words: bool
    ) -> dict[str, Segment]:
        """Return stored segments by their identifiers."""
        places = list(places)
        parameters = {
            "id": self._id,
            "words": words,
            "machine": machine_revision,
            "positions": [place.position for place in places if place.position >= 0],
            "items": [place.item for place in places if place.position < 0],
        }
        rows = await fetch_all(self._connection, _SHOWN, parameters)
        return {segment.id: segment for segment in map(segment_of, rows)}

    async def operations(self, revision: int) -> list[Operation]:
        """Return the operations of a batch."""
        rows = await fetch_all(self._connection, _OPERATIONS, (self._id, revision))
        return [encoding.operation_from_json(item) for row in rows for item in row["operations"]]

    async def notes(self) -> list[NoteItem]:
        """Return all notes, deleted ones included."""
        rows = await fetch_all(self._connection, _NOTES, (self._id,))
        return [encoding.note_from_json(row["note"]) for row in rows]

    async def _places(
        self, sql: str, wanted: Collection[str], machine_revision: int
    ) -> list[Place]:
        parameters = {
            "id": self._id,
            "items": list(wanted),
            "positions": list(machine_positions(wanted, machine_revision)),
        }
        return [
            Place(
                item=row["item"]
                or str(machine_version.segment_id(machine_revision, row["position"])),
                position=row["position"],
                rank=row["rank"],
                start=row["start_seconds"],
                end=row["end_seconds"],
                shown=row["shown"],
                wanted=row["wanted"],
            )
            for row in await fetch_all(self._connection, sql, parameters)
        ]


def machine_positions(items: Iterable[str], machine_revision: int) -> set[int]:
    """Return the positions of items in the machine version."""
    return {
        machine_version.position_of(item_id)
        for item_id in map(ItemId.parse, items)
        if item_id.revision == machine_revision
    }


def _batch(row: DictRow) -> StoredBatch:
    return StoredBatch(
        entry=Entry(
            revision=row["revision"],
            author=row["author"],
            kind=BatchKind(row["kind"]),
            target=row["target"],
        ),
        stored=row["effects"],
    )
