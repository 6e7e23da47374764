"""Earlier revisions of stored transcripts.

All reading of earlier revisions goes through `Revisions`. It loads only those parts of a transcript
changed since, or until, the revision.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from common.errors import NotFoundError
from common.postgres import Connection
from transcriber.domain.transcripts import Segment
from transcriber.editing import reconstruction, views
from transcriber.editing.document import Document
from transcriber.editing.items import NoteItem, PlacedItem, SpeakerItem
from transcriber.editing.reconstruction import Measured, StoredBatch
from transcriber.editing.views import SegmentView
from transcriber.store.edit_history import Head
from transcriber.store.edits import TranscriptEdits
from transcriber.store.past import PastRows, machine_positions
from transcriber.transcripts.earlier_versions import earlier_revision
from transcriber.transcripts.stretches import (
    Entry,
    PastPage,
    Stretch,
    Window,
    entries_of,
    in_order,
    segment_of,
    within,
)


class Revisions:
    """Earlier revisions of one transcript, within one transaction with a single snapshot."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._connection = connection
        self._id = transcription_id
        self._rows = PastRows(connection, transcription_id)
        self._edits = TranscriptEdits(connection, transcription_id)

    async def page(self, head: Head, revision: int, window: Window) -> PastPage:
        """Return a part of a revision.

        Raises:
            NotFoundError: there is no such revision.
        """
        if 1 <= revision < head.machine_revision:
            return await self._earlier_page(revision, window)
        _check(head, revision)
        back = await self._is_near_newest(head, revision, revision)
        bounds = (revision, head.revision) if back else (head.machine_revision, revision)
        stretch = await self._stretch(head, *bounds, back=back, touched=StoredBatch.geometry)
        computed = await self._views(head, stretch, revision, stretch.parts)
        found = [entry for entry in entries_of(stretch, computed) if within(entry, window)]
        last = None if window.limit is None else window.offset + window.limit
        chosen = found[window.offset : last]
        segments = await self._segments(head, stretch, revision, chosen, words=window.words)
        merges = {
            speaker.id: speaker.merged_into for speaker in await self.speakers(head, revision)
        }
        return PastPage(segments=segments, total=len(found), merges=merges)

    async def stretch(self, head: Head, earlier: int, later: int) -> Stretch:
        """Return the parts touched by the batches behind a revision up to another one.

        Raises:
            NotFoundError: there is no such revision.
        """
        _check(head, earlier)
        _check(head, later)
        back = await self._is_near_newest(head, earlier, later)
        return await self._stretch(head, earlier, later, back=back, touched=StoredBatch.touched)

    async def since(self, head: Head, revision: int) -> Stretch:
        """Return the parts of the newest revision touched by the batches behind another one.

        Raises:
            NotFoundError: there is no such revision.
        """
        _check(head, revision)
        return await self._stretch(
            head, revision, head.revision, back=True, touched=StoredBatch.touched
        )

    async def load(self, head: Head, stretch: Stretch, parts: Iterable[range]) -> Document:
        """Load parts of a stretch. Its steps lead from there to its revisions."""
        chosen = [stretch.places[number] for part in parts for number in part]
        items = await self._rows.items(chosen, head.machine_revision)

        def placed() -> Iterator[PlacedItem]:
            for place in chosen:
                yield from items[place.item]

        return Document(placed())

    async def document(self, head: Head, revision: int) -> Document:
        """Return a whole revision, of the newest machine version or of an earlier one.

        Raises:
            NotFoundError: there is no such revision.
        """
        if 1 <= revision < head.machine_revision:
            found = await earlier_revision(self._connection, self._id, revision)
            return await asyncio.to_thread(found.document)
        _check(head, revision)
        document = (await self._edits.load_all(head)).document
        batches = await self._rows.batches(revision, head.revision)
        measured, repeats = await self._undone(batches)
        await asyncio.to_thread(
            reconstruction.take_back, document, list(reversed(batches)), measured, repeats
        )
        return document

    async def speakers(self, head: Head, revision: int) -> list[SpeakerItem]:
        """Return the speakers with their registers at a revision."""
        speakers = (await self._edits.load(head, (), ())).document.speakers
        batches = await self._rows.speaker_batches(revision, head.revision)
        reconstruction.take_back_speakers(speakers, reversed(batches))
        return speakers

    async def notes(self, head: Head, revision: int) -> list[NoteItem]:
        """Return all notes at a revision. Deleted and later ones are dead."""
        document = Document((), notes=await self._rows.notes())
        if document.notes:
            batches = await self._rows.batches(revision, head.revision)
            reconstruction.take_back(document, reversed(batches), {}, {})
        return document.notes

    async def _earlier_page(self, revision: int, window: Window) -> PastPage:
        """Return a part of a revision of an earlier machine version, computed as a whole."""
        found = await earlier_revision(self._connection, self._id, revision)
        document = await asyncio.to_thread(found.document)
        shown = [
            view
            for view in await asyncio.to_thread(views.segments, document)
            if view.end > (window.start or -1.0) and (window.end is None or view.start < window.end)
        ]
        last = None if window.limit is None else window.offset + window.limit
        return PastPage(
            segments=[segment_of(view, words=window.words) for view in shown[window.offset : last]],
            total=len(shown),
            merges={speaker.id: speaker.merged_into for speaker in document.speakers},
        )

    async def _is_near_newest(self, head: Head, earlier: int, later: int) -> bool:
        """Return whether fewer batches lead from the newest revision than from the machine's."""
        back = await self._rows.count(earlier, head.revision)
        return back <= await self._rows.count(head.machine_revision, later)

    async def _stretch(
        self,
        head: Head,
        earlier: int,
        later: int,
        *,
        back: bool,
        touched: Callable[[StoredBatch], Iterable[str]],
    ) -> Stretch:
        """Return the parts with touched items, of the newest revision or of the machine version."""
        if back:
            batches = await self._rows.batches(earlier, head.revision)
            between = [batch for batch in batches if batch.entry.revision <= later]
            wanted = {item for batch in between for item in touched(batch)}
            every = {item for batch in between for item in batch.touched()}
            places = await self._rows.current(wanted, head.machine_revision)
            steps = ((later, batches[len(between) :]), (earlier, between))
        else:
            batches = await self._rows.batches(head.machine_revision, later)
            before = [batch for batch in batches if batch.entry.revision <= earlier]
            between = batches[len(before) :]
            origins = {new: old for batch in batches for new, old in batch.origins()}
            wanted = {_first(item, origins) for batch in between for item in touched(batch)}
            every = {_first(item, origins) for batch in between for item in batch.touched()}
            places = await self._rows.machine(wanted, head.machine_revision)
            steps = ((earlier, before), (later, between))
        measured, repeats = await self._undone(batches)
        return Stretch(
            places=places,
            parts=reconstruction.parts(
                [place.item for place in places],
                {item for batch in batches for item in batch.boundaries()},
                {number for number, place in enumerate(places) if place.wanted},
            ),
            back=back,
            steps=steps,
            between=between,
            positions=machine_positions(every, head.machine_revision),
            measured=measured,
            repeats=repeats,
        )

    async def _views(
        self, head: Head, stretch: Stretch, revision: int, parts: Sequence[range]
    ) -> list[tuple[int, SegmentView]]:
        """Return the segments of parts at a revision, each with the number of its place."""
        document = await self.load(head, stretch, parts)
        places = stretch.places_of(parts)
        states = await asyncio.to_thread(
            stretch.states, document, lambda document: list(in_order(document, places))
        )
        return states[revision]

    async def _segments(
        self,
        head: Head,
        stretch: Stretch,
        revision: int,
        chosen: Sequence[Entry],
        *,
        words: bool,
    ) -> list[Segment]:
        """Return segments as readers get them.

        Those whose times are as they were may still have had other words.
        """
        stored = [entry for entry in chosen if entry.view is None]
        rewritten = [
            range(entry.number, entry.number + 1)
            for entry in stored
            if entry.place.position < 0 or entry.place.position in stretch.positions
        ]
        views_at = dict(await self._views(head, stretch, revision, rewritten))
        same = [entry.place for entry in stored if entry.number not in views_at]
        found = await self._rows.shown(same, head.machine_revision, words=words)
        segments = []
        for entry in chosen:
            view = entry.view or views_at.get(entry.number)
            if view is not None:
                segments.append(segment_of(view, words=words))
            else:
                segments.append(found[entry.place.item])
        return segments

    async def _undone(
        self, batches: Sequence[StoredBatch]
    ) -> tuple[Measured, dict[int, list[int]]]:
        """Return measured times and repetitions, to take back undoings exactly."""
        targets = [batch.entry.target for batch in batches if batch.entry.target]
        if not targets:
            return {}, {}
        measured = await self._rows.measured(min(targets), batches[-1].entry.revision)
        return measured, await self._rows.repeats() if measured else {}


def _first(item: str, origins: Mapping[str, str]) -> str:
    """Return the item of the machine version that an item was inserted behind."""
    while item in origins:
        item = origins[item]
    return item


def _check(head: Head, revision: int) -> None:
    if not head.machine_revision <= revision <= head.revision:
        raise NotFoundError("The transcript has no such revision.")
