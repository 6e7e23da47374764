"""Comparison of two revisions of a stored transcript, in pages."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import NamedTuple, Self

from common.errors import NotFoundError, ValidationError
from common.postgres import Database
from transcriber.editing import comparison, version_comparison
from transcriber.editing.comparison import Difference
from transcriber.editing.document import Document
from transcriber.editing.items import ItemId, NoteItem, SpeakerItem
from transcriber.store.edit_history import EditHistory, Head
from transcriber.transcripts.revisions import Revisions
from transcriber.transcripts.stretches import Stretch

#: Comparisons at the same time.
_AT_A_TIME = 2
#: Stored segments loaded at once.
_PLACES = 300


class Cursor(NamedTuple):
    """Where a page begins: a place among the stored segments, and differences there to skip."""

    rank: str = ""
    skipped: int = 0

    def __str__(self) -> str:
        return f"{self.rank}:{self.skipped}" if self.rank else ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Invert `str`.

        Raises:
            ValidationError: the text is not a cursor.
        """
        rank, _, skipped = text.rpartition(":")
        whole, _, fraction = rank.partition(".")
        parts = (whole, skipped, fraction or "0")
        if text and not (len(text) < 2100 and all(p.isascii() and p.isdigit() for p in parts)):
            raise ValidationError.of("cursor", "The cursor is not one of an earlier page.")
        return cls(rank, int(skipped)) if text else cls()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteChange:
    """A note with another text, or present in one of the revisions only."""

    before: NoteItem | None
    after: NoteItem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A page of differences, with all speakers in both revisions.

    Notes are on the first page. `following` is empty on the last one.
    """

    revisions: tuple[int, int]
    differences: Sequence[Difference]
    speakers: tuple[Sequence[SpeakerItem], Sequence[SpeakerItem]]
    notes: Sequence[NoteChange]
    following: Cursor


class Comparisons:
    """Compares revisions of the transcripts of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._computing = asyncio.Semaphore(_AT_A_TIME)

    async def compare(
        self,
        transcription_id: int,
        workspace_id: str,
        revisions: tuple[int, int],
        cursor: Cursor,
        *,
        limit: int,
    ) -> Comparison:
        """Return the differences from one revision to another, beginning at a cursor.

        0 is the machine version as the first revision, and the newest one as the second. Only as
        many parts of the transcript are loaded as the page needs.

        Raises:
            NotFoundError: the workspace has no such transcript, or it has no such revision.
        """
        async with self._computing, self._database.snapshot() as connection:
            head = await EditHistory(connection, transcription_id).head(workspace_id)
            if head is None:
                raise NotFoundError("There is no such transcript.")
            revisions = (
                revisions[0] or head.machine_revision,
                revisions[1] or head.revision,
            )
            past = Revisions(connection, transcription_id)
            if min(revisions) < head.machine_revision:
                return await _across_versions(past, head, revisions, cursor, limit=limit)
            stretch = await past.stretch(head, min(revisions), max(revisions))
            found, following = await _page(
                past, head, stretch, revisions, cursor=cursor, limit=limit
            )
            before = await past.speakers(head, revisions[0])
            after = await past.speakers(head, revisions[1])
            notes = []
            if not cursor.rank:
                notes = _notes(*[await past.notes(head, revision) for revision in revisions])
        return Comparison(
            revisions=revisions,
            differences=found,
            speakers=(before, after),
            notes=notes,
            following=following,
        )


async def _across_versions(
    past: Revisions,
    head: Head,
    revisions: tuple[int, int],
    cursor: Cursor,
    *,
    limit: int,
) -> Comparison:
    """Return the differences if a revision is of an earlier machine version.

    They are computed as a whole. Speakers have the names of the newest revision.
    """
    before, after = [await past.document(head, revision) for revision in revisions]
    found = await asyncio.to_thread(
        version_comparison.compare, before, after, max(revisions[0], revisions[1])
    )
    last = cursor.skipped + limit
    newest = await past.speakers(head, head.revision)
    return Comparison(
        revisions=revisions,
        differences=found[cursor.skipped : last],
        speakers=(_merged_like(newest, before), _merged_like(newest, after)),
        notes=[] if cursor.rank else _notes_by_text(before, after),
        following=Cursor("0", last) if last < len(found) else Cursor(),
    )


def _merged_like(speakers: Sequence[SpeakerItem], document: Document) -> list[SpeakerItem]:
    found = {speaker.id: speaker.merged_into for speaker in document.speakers}
    return [replace(speaker, merged_into=found.get(speaker.id, "")) for speaker in speakers]


def _notes_by_text(before: Document, after: Document) -> list[NoteChange]:
    """Return the notes with a text in one of the revisions only."""
    old = {note.text: note for note in before.notes if note.alive}
    new = {note.text: note for note in after.notes if note.alive}
    return [
        *(NoteChange(before=note, after=None) for text, note in old.items() if text not in new),
        *(NoteChange(before=None, after=note) for text, note in new.items() if text not in old),
    ]


async def _page(
    past: Revisions,
    head: Head,
    stretch: Stretch,
    revisions: tuple[int, int],
    *,
    cursor: Cursor,
    limit: int,
) -> tuple[list[Difference], Cursor]:
    """Return up to `limit` differences, and the cursor behind them."""
    changed = _last_changes(stretch)
    parts = [part for part in stretch.parts if not _before(stretch, part, cursor)]
    found: list[Difference] = []
    while parts and len(found) <= limit:
        chunk = _first_of(parts)
        parts = parts[len(chunk) :]
        document = await past.load(head, stretch, chunk)
        differences = await asyncio.to_thread(
            _differences, stretch, document, stretch.places_of(chunk), revisions, changed
        )
        known = sum(1 for one in differences if _at(stretch, one, cursor))
        found += differences[min(known, cursor.skipped) :]
    if len(found) <= limit:
        return found, Cursor()
    place = found[limit].place
    inside = sum(1 for one in found[:limit] if one.place == place)
    if _at(stretch, found[limit], cursor):
        inside += cursor.skipped
    return found[:limit], Cursor(str(stretch.places[place].rank), inside)


def _differences(
    stretch: Stretch,
    document: Document,
    places: Mapping[ItemId, int],
    revisions: tuple[int, int],
    changed: Mapping[ItemId, int],
) -> list[Difference]:
    states = stretch.states(document, partial(comparison.state_of, places=places))
    before, after = (states[revision] for revision in revisions)
    return comparison.compare(before, after, changed)


def _at(stretch: Stretch, difference: Difference, cursor: Cursor) -> bool:
    """Return whether a difference lies in the part where a page begins."""
    return bool(cursor.rank) and stretch.places[difference.place].rank == Decimal(cursor.rank)


def _first_of(parts: Sequence[range]) -> list[range]:
    """Return the first parts, as many as are loaded at once."""
    chunk: list[range] = []
    total = 0
    for part in parts:
        if chunk and total + len(part) > _PLACES:
            break
        chunk.append(part)
        total += len(part)
    return chunk


def _before(stretch: Stretch, part: range, cursor: Cursor) -> bool:
    """Return whether a part ends before a cursor."""
    return bool(cursor.rank) and stretch.places[part[-1]].rank < Decimal(cursor.rank)


def _last_changes(stretch: Stretch) -> dict[ItemId, int]:
    """Return the last batch that changed each item."""
    return {
        ItemId.parse(item): batch.entry.revision
        for batch in stretch.between
        for item in batch.changed()
    }


def _notes(before: Sequence[NoteItem], after: Sequence[NoteItem]) -> list[NoteChange]:
    pairs = [
        (old if old.alive else None, new if new.alive else None)
        for old, new in zip(before, after, strict=True)
    ]
    return [
        NoteChange(before=old, after=new)
        for old, new in pairs
        if (old is None) != (new is None)
        or (old is not None and new is not None and old.text != new.text)
    ]
