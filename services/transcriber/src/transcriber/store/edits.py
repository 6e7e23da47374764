"""Edited transcripts: segments, speakers and notes, within one transaction."""

import decimal
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.transcripts import NameSource, Segment
from transcriber.editing import encoding, machine_version, views
from transcriber.editing.document import Document
from transcriber.editing.items import (
    ItemId,
    Naming,
    NoteItem,
    PlacedItem,
    SegmentItem,
    SpeakerItem,
)
from transcriber.search.indexing import note_items, segment_entry
from transcriber.store.edit_history import EditHistory, Head
from transcriber.store.past import Place
from transcriber.store.rows import segment_of, word_views_to_json
from transcriber.store.search import SearchIndex, entry_of

_RANKS = """
SELECT position::numeric AS rank FROM segments
WHERE transcription_id = %(id)s AND position = ANY(%(positions)s) AND NOT superseded
UNION ALL
SELECT rank FROM edited_segments WHERE transcription_id = %(id)s AND ids && %(items)s
"""
# Ranks are rounded for comparisons with positions, which an index would not serve otherwise.
_RANK_BEFORE = """
SELECT max(rank) AS rank FROM (
    (SELECT position::numeric AS rank FROM segments
     WHERE transcription_id = %(id)s AND position < ceil(%(rank)s)::integer AND NOT superseded
     ORDER BY position DESC LIMIT 1)
    UNION ALL
    (SELECT rank FROM edited_segments WHERE transcription_id = %(id)s AND rank < %(rank)s
     ORDER BY rank DESC LIMIT 1)) AS nearest
"""
_RANK_BEHIND = """
SELECT min(rank) AS rank FROM (
    (SELECT position::numeric AS rank FROM segments
     WHERE transcription_id = %(id)s AND position > floor(%(rank)s)::integer
     ORDER BY position LIMIT 1)
    UNION ALL
    (SELECT rank FROM edited_segments WHERE transcription_id = %(id)s AND rank > %(rank)s
     ORDER BY rank LIMIT 1)) AS nearest
"""
_MACHINE_ROWS = """
SELECT position, label, text, start_seconds, end_seconds, confidence, language, channel, words
FROM segments
WHERE transcription_id = %(id)s AND NOT superseded
  AND position BETWEEN ceil(%(first)s)::integer AND floor(%(last)s)::integer
"""
_MACHINE_VERSION = """
SELECT position, label, text, start_seconds, end_seconds, confidence, language, channel, words
FROM segments WHERE transcription_id = %s ORDER BY position
"""
_EDITED_ROWS = """
SELECT item, rank, items FROM edited_segments
WHERE transcription_id = %(id)s AND rank BETWEEN %(first)s AND %(last)s
"""
_MACHINE_PLACES = """
SELECT position, label, text, start_seconds, end_seconds, confidence, language, channel, words
FROM segments
WHERE transcription_id = %(id)s AND position = ANY(%(positions)s) AND NOT superseded
"""
_EDITED_PLACES = """
SELECT item, rank, items FROM edited_segments
WHERE transcription_id = %(id)s AND item = ANY(%(items)s)
"""
_TEXTS = """
SELECT item, position, machine_revision, text FROM current_segments
WHERE transcription_id = %s ORDER BY rank
"""
_SUPERSEDE = """
UPDATE segments SET superseded = true WHERE transcription_id = %s AND position = ANY(%s)
"""
_REMOVE = "DELETE FROM edited_segments WHERE transcription_id = %s AND item = ANY(%s)"
_STORE = """
INSERT INTO edited_segments (
    transcription_id, item, rank, items, ids, label, text, start_seconds, end_seconds, confidence,
    language, channel, reviewed, starred, shown, words)
VALUES (
    %(id)s, %(item)s, %(rank)s, %(items)s, %(ids)s, %(label)s, %(text)s, %(start)s, %(end)s,
    %(confidence)s, %(language)s, %(channel)s, %(reviewed)s, %(starred)s, %(shown)s, %(words)s)
ON CONFLICT (transcription_id, item) DO UPDATE SET
    items = excluded.items, ids = excluded.ids, label = excluded.label, text = excluded.text,
    start_seconds = excluded.start_seconds, end_seconds = excluded.end_seconds,
    confidence = excluded.confidence, reviewed = excluded.reviewed, starred = excluded.starred,
    shown = excluded.shown, words = excluded.words
"""
_SPEAKERS = """
SELECT label, merged_into, name, name_source, speaker_id, match_confidence, stamps
FROM transcript_speakers WHERE transcription_id = %s
"""
_STORE_SPEAKER = """
UPDATE transcript_speakers
SET merged_into = %(merged_into)s, name = %(name)s, name_source = %(name_source)s,
    speaker_id = %(speaker_id)s, match_confidence = %(match_confidence)s, stamps = %(stamps)s
WHERE transcription_id = %(id)s AND label = %(label)s
"""
# Labels that only edits use. They have no voice.
_ADD_SPEAKERS = """
INSERT INTO transcript_speakers (
    transcription_id, label, position, segment_count, total_duration, average_confidence,
    speech_seconds, clean_starts, clean_ends)
SELECT %(id)s, label,
       (SELECT count(*) FROM transcript_speakers WHERE transcription_id = %(id)s)
           + row_number() OVER (ORDER BY label) - 1,
       0, 0, 0, 0, '{}', '{}'
FROM unnest(%(labels)s::text[]) AS label
ON CONFLICT (transcription_id, label) DO NOTHING
"""
# An index has all that is read of the machine version.
_COUNT_SPEAKERS = """
UPDATE transcript_speakers AS speaker
SET segment_count = coalesce(counted.segments, 0),
    total_duration = coalesce(counted.seconds, 0),
    average_confidence = coalesce(counted.confidence, 0)
FROM transcript_speakers AS own
LEFT JOIN (
    SELECT label, count(*) AS segments, sum(end_seconds - start_seconds) AS seconds,
           sum(confidence * greatest(end_seconds - start_seconds, 0.01))
               / sum(greatest(end_seconds - start_seconds, 0.01)) AS confidence
    FROM current_segments WHERE transcription_id = %(id)s GROUP BY label) AS counted
    USING (label)
WHERE speaker.transcription_id = %(id)s AND own.transcription_id = %(id)s
  AND speaker.label = own.label
"""
_NOTES = "SELECT note FROM transcript_notes WHERE transcription_id = %s AND item = ANY(%s)"
_ALL_NOTES = "SELECT note FROM transcript_notes WHERE transcription_id = %s"
_STORE_NOTE = """
INSERT INTO transcript_notes (transcription_id, item, note) VALUES (%s, %s, %s)
ON CONFLICT (transcription_id, item) DO UPDATE SET note = excluded.note
"""
#: With more stretches than this, the whole transcript is loaded.
_MOST_STRETCHES = 50
#: Before all positions, and before segments that a restoration puts at the beginning.
_FIRST = Decimal(-1)
#: Behind all positions.
_LAST = Decimal(2**31 - 1)
#: Enough digits for a place between two neighbors, however often the same place is divided.
_PRECISE = decimal.Context(prec=2000)


@dataclass(kw_only=True, slots=True)
class LoadedRow:
    """A stored segment: its identifier, place and items. Machine rows have a position.

    The first row may begin with removed items.
    """

    item: ItemId
    rank: Decimal
    items: list[PlacedItem]
    position: int | None


class TranscriptEdits:
    """The newest revision of one transcription. `log` has the batches that led to it."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._connection = connection
        self._id = transcription_id
        self.log = EditHistory(connection, transcription_id)

    async def load(
        self, head: Head, stretches: Iterable[Sequence[ItemId]], notes: Iterable[ItemId]
    ) -> "LoadedDocument":
        """Load the segments with items, and those between the first and the last of a stretch.

        The segment before each stretch is included.
        """
        distinct = list(dict.fromkeys(map(tuple, stretches)))
        if len(distinct) > _MOST_STRETCHES:
            bounds = [(_FIRST, _LAST)]
        else:
            found = [await self._bounds(head, ids) for ids in distinct]
            bounds = [bound for bound in found if bound is not None]
        rows: dict[Decimal, LoadedRow] = {}
        for low, high in bounds:
            for row in await self._rows(head, low, high):
                rows[row.rank] = row
        stored = await fetch_all(
            self._connection, _NOTES, (self._id, [str(item_id) for item_id in notes])
        )
        return await self._loaded(rows.values(), stored)

    async def load_all(self, head: Head) -> "LoadedDocument":
        """Load the whole transcript."""
        rows = await self._rows(head, _FIRST, _LAST)
        return await self._loaded(rows, await fetch_all(self._connection, _ALL_NOTES, (self._id,)))

    async def load_places(self, head: Head, places: Sequence[Place]) -> "LoadedDocument":
        """Load some segments, and all notes.

        No item of other segments may come to belong to one of these, or the other way round.
        """
        parameters = {
            "id": self._id,
            "positions": [place.position for place in places if place.position >= 0],
            "items": [place.item for place in places if place.position < 0],
        }
        rows = await self._found(head, _MACHINE_PLACES, _EDITED_PLACES, parameters)
        return await self._loaded(rows, await fetch_all(self._connection, _ALL_NOTES, (self._id,)))

    async def texts(self) -> list[tuple[ItemId, str]]:
        """Return the segments of the newest revision with their texts."""
        rows = await fetch_all(self._connection, _TEXTS, (self._id,))
        return [
            (
                ItemId.parse(row["item"])
                if row["item"]
                else machine_version.segment_id(row["machine_revision"], row["position"]),
                row["text"],
            )
            for row in rows
        ]

    async def store(self, loaded: "LoadedDocument") -> None:
        """Store all changes of a loaded document."""
        before = {row.item: row for row in loaded.rows}
        groups = loaded.groups()
        gone = [row for item, row in before.items() if item not in groups]
        changed = {
            item: items
            for item, items in groups.items()
            if item not in before or loaded.differs(before[item], items)
        }
        replaced = [*gone, *(before[item] for item in changed if item in before)]
        positions = [row.position for row in replaced if row.position is not None]
        if positions:
            await execute(self._connection, _SUPERSEDE, (self._id, positions))
        removed = [str(row.item) for row in gone if row.position is None]
        if removed:
            await execute(self._connection, _REMOVE, (self._id, removed))
        ranks = await self._places(groups, before)
        await self._store_rows(loaded.document, ranks, changed)
        labels = {loaded.document.segment(item).label for item in changed}
        added = sorted(labels - set(loaded.labels))
        if added:
            await execute(self._connection, _ADD_SPEAKERS, {"id": self._id, "labels": added})
        for speaker in loaded.changed_speakers():
            await execute(
                self._connection,
                _STORE_SPEAKER,
                {
                    "id": self._id,
                    "label": speaker.id,
                    "merged_into": speaker.merged_into,
                    "name": speaker.name.name,
                    "name_source": speaker.name.source,
                    "speaker_id": speaker.name.speaker_id,
                    "match_confidence": speaker.name.confidence,
                    "stamps": Jsonb(encoding.stamps_to_json(speaker.stamps)),
                },
            )
        for note in loaded.document.notes:
            value = Jsonb(encoding.note_to_json(note))
            await execute(self._connection, _STORE_NOTE, (self._id, str(note.id), value))
        if changed or gone:
            await execute(self._connection, _COUNT_SPEAKERS, {"id": self._id})
        await self._index(loaded, changed, [row.item for row in gone])

    async def _index(
        self, loaded: "LoadedDocument", changed: Iterable[ItemId], gone: Iterable[ItemId]
    ) -> None:
        """Follow the changes in the index of the search."""
        index = SearchIndex(self._connection)
        views_by_item = {item: _view(loaded.document, item) for item in changed}
        notes = loaded.document.notes
        removed = [
            *(str(item) for item in gone),
            *(str(item) for item, view in views_by_item.items() if view is None),
            *note_items(str(note.id) for note in notes if not note.alive),
        ]
        entries = [
            *(segment_entry(view) for view in views_by_item.values() if view is not None),
            *(entry_of(note) for note in notes if note.alive),
        ]
        await index.edited(self._id, entries, removed)
        if loaded.changed_speakers():
            await index.describe(self._id)

    async def machine_version(self) -> list[Segment]:
        """Return the segments of the machine version with words."""
        rows = await fetch_all(self._connection, _MACHINE_VERSION, (self._id,))
        return [segment_of(row) for row in rows]

    async def notes(self) -> list[NoteItem]:
        """Return all notes that are not deleted."""
        rows = await fetch_all(self._connection, _ALL_NOTES, (self._id,))
        notes = [encoding.note_from_json(row["note"]) for row in rows]
        return [note for note in notes if note.alive]

    async def _loaded(
        self, rows: Iterable[LoadedRow], notes: Iterable[DictRow]
    ) -> "LoadedDocument":
        speakers = await fetch_all(self._connection, _SPEAKERS, (self._id,))
        return LoadedDocument(
            rows=sorted(rows, key=lambda row: row.rank),
            speakers=[_speaker_item(row) for row in speakers],
            notes=[encoding.note_from_json(row["note"]) for row in notes],
        )

    async def _bounds(self, head: Head, ids: Sequence[ItemId]) -> tuple[Decimal, Decimal] | None:
        parameters = {
            "id": self._id,
            "items": [str(item_id) for item_id in ids],
            "positions": [
                machine_version.position_of(item_id)
                for item_id in ids
                if item_id.revision == head.machine_revision
            ],
        }
        ranks = [row["rank"] for row in await fetch_all(self._connection, _RANKS, parameters)]
        if not ranks:
            return None
        parameters = {"id": self._id, "rank": min(ranks)}
        row = await fetch_one(self._connection, _RANK_BEFORE, parameters)
        assert row is not None
        return row["rank"] if row["rank"] is not None else min(ranks), max(ranks)

    async def _rows(self, head: Head, first: Decimal, last: Decimal) -> list[LoadedRow]:
        parameters = {"id": self._id, "first": first, "last": last}
        return await self._found(head, _MACHINE_ROWS, _EDITED_ROWS, parameters)

    async def _found(
        self, head: Head, machine: str, edited: str, parameters: Mapping[str, object]
    ) -> list[LoadedRow]:
        rows = [
            LoadedRow(
                item=machine_version.segment_id(head.machine_revision, row["position"]),
                rank=Decimal(row["position"]),
                items=list(
                    machine_version.items_of(
                        [segment_of(row)], head.machine_revision, first=row["position"]
                    )
                ),
                position=row["position"],
            )
            for row in await fetch_all(self._connection, machine, parameters)
        ]
        rows.extend(
            LoadedRow(
                item=ItemId.parse(row["item"]),
                rank=row["rank"],
                items=[encoding.item_from_json(item) for item in row["items"]],
                position=None,
            )
            for row in await fetch_all(self._connection, edited, parameters)
        )
        return rows

    async def _places(
        self, groups: Iterable[ItemId], before: Mapping[ItemId, LoadedRow]
    ) -> dict[ItemId, Decimal]:
        """Return the ranks of segments in order. New ones share the space behind the one before."""
        ranks: dict[ItemId, Decimal] = {}
        rank = _FIRST
        for stored, items in itertools.groupby(groups, before.__contains__):
            run = list(items)
            if stored:
                ranks.update((item, before[item].rank) for item in run)
                rank = before[run[-1]].rank
                continue
            space = _PRECISE.subtract(await self._rank_behind(rank), rank)
            # A power of two, so that the digits end.
            step = _PRECISE.divide(space, Decimal(1 << len(run).bit_length()))
            for number, item in enumerate(run, start=1):
                ranks[item] = _PRECISE.add(rank, _PRECISE.multiply(step, Decimal(number)))
        return ranks

    async def _rank_behind(self, rank: Decimal) -> Decimal:
        """Return the next place behind another one that is taken, or two further if none is."""
        row = await fetch_one(self._connection, _RANK_BEHIND, {"id": self._id, "rank": rank})
        assert row is not None
        if row["rank"] is None:
            return rank.to_integral_value(decimal.ROUND_FLOOR) + 2
        following: Decimal = row["rank"]
        return following

    async def _store_rows(
        self,
        document: Document,
        ranks: Mapping[ItemId, Decimal],
        changed: Mapping[ItemId, Sequence[PlacedItem]],
    ) -> None:
        rows = [self._row(document, ranks[item], item, items) for item, items in changed.items()]
        if len(rows) == 1:
            await execute(self._connection, _STORE, rows[0])
        elif rows:
            async with self._connection.cursor() as cursor:
                await cursor.executemany(_STORE.encode(), rows)

    def _row(
        self, document: Document, rank: Decimal, item: ItemId, items: Sequence[PlacedItem]
    ) -> dict[str, object]:
        segment = document.segment(item)
        view = views.view_of(document, segment, merged=False)
        return {
            "id": self._id,
            "item": str(segment.id),
            "rank": rank,
            "items": Jsonb([encoding.item_to_json(item) for item in items]),
            "ids": [str(item.id) for item in items],
            "label": segment.label,
            "text": view.text if view else "",
            "start": view.start if view else 0.0,
            "end": view.end if view else 0.0,
            "confidence": view.confidence if view else 0.0,
            "language": segment.language,
            "channel": segment.channel,
            "reviewed": segment.reviewed,
            "starred": segment.starred,
            "shown": view is not None,
            "words": Jsonb(word_views_to_json(view.words if view else ())),
        }


class LoadedDocument:
    """A document made from stored rows, to be stored again."""

    def __init__(
        self,
        *,
        rows: list[LoadedRow],
        speakers: Iterable[SpeakerItem],
        notes: Iterable[NoteItem],
    ) -> None:
        self.rows = rows
        self._before = {
            row.item: [encoding.item_to_json(item) for item in row.items] for row in rows
        }
        speakers = list(speakers)
        self.labels = [speaker.id for speaker in speakers]
        self._speakers = {
            speaker.id: (speaker.merged_into, speaker.name, dict(speaker.stamps))
            for speaker in speakers
        }
        self.document = Document(
            (item for row in rows for item in row.items), speakers=speakers, notes=notes
        )

    def groups(self) -> dict[ItemId, list[PlacedItem]]:
        """Return the items by living segment, each with its beginning first.

        Removed items before all living segments belong to the first one.
        """
        groups: dict[ItemId, list[PlacedItem]] = {}
        current: list[PlacedItem] = []
        for item in self.document:
            if isinstance(item, SegmentItem) and item.alive:
                current = groups[item.id] = [] if groups else current
            current.append(item)
        return groups

    def differs(self, row: LoadedRow, items: Sequence[PlacedItem]) -> bool:
        """Return whether a segment differs from its row."""
        return self._before[row.item] != [encoding.item_to_json(item) for item in items]

    def changed_speakers(self) -> list[SpeakerItem]:
        """Return the speakers differing from their rows."""
        return [
            speaker
            for speaker in self.document.speakers
            if self._speakers.get(speaker.id) != (speaker.merged_into, speaker.name, speaker.stamps)
        ]


def _view(document: Document, item: ItemId) -> views.SegmentView | None:
    segment = document.find(item)
    assert isinstance(segment, SegmentItem)
    return views.view_of(document, segment, merged=False)


def _speaker_item(row: DictRow) -> SpeakerItem:
    return SpeakerItem(
        id=row["label"],
        merged_into=row["merged_into"],
        name=Naming(
            row["name"],
            NameSource(row["name_source"]),
            row["speaker_id"],
            row["match_confidence"],
        ),
        stamps=encoding.stamps_from_json(row["stamps"]),
    )
