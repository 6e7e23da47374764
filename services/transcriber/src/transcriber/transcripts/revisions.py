"""Earlier revisions of stored transcripts.

All reading of earlier revisions goes through `Revisions`. It loads only the parts of a transcript
that have changed since, or until, the revision.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from common.errors import NotFoundError
from common.postgres import Connection
from transcriber.domain.transcripts import Segment, Word
from transcriber.editing import reconstruction, views
from transcriber.editing.document import Document
from transcriber.editing.items import NoteItem, PlacedItem, SpeakerItem
from transcriber.editing.reconstruction import Measured, StoredBatch
from transcriber.editing.views import SegmentView
from transcriber.store.edit_history import Head
from transcriber.store.edits import TranscriptEdits
from transcriber.store.past import PastRows, Place

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A part of the segments between two times in seconds. None has no end and no limit."""

    start: float = 0.0
    end: float | None = None
    offset: int = 0
    limit: int | None = None
    words: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPage:
    """Segments of an earlier revision, the number of all that match, and its merged speakers.

    `merges` has the label that another one was merged into, by label.
    """

    segments: Sequence[Segment]
    total: int
    merges: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The parts of a transcript that the batches between two revisions touch.

    Its document is at some revision of the transcript. `earlier` and `later` move it to the two
    revisions. They can be called once each, in the order of `ways`.
    """

    places: Sequence[Place]
    loaded: Sequence[range]
    document: Document
    ways: Sequence[tuple[int, Callable[[], None]]]
    batches: Sequence[StoredBatch]

    def states(self, take: Callable[[Document], _Result]) -> dict[int, _Result]:
        """Return what a function takes from the document at both revisions, by revision."""
        found = {}
        for revision, go in self.ways:
            go()
            found[revision] = take(self.document)
        return found

    def in_order(self, document: Document) -> Iterator[tuple[int, SegmentView]]:
        """Yield the segments with words, each with the index of the place where its part begins."""
        firsts = {self.places[part.start].item: part.start for part in self.loaded}
        current = 0
        for segment in document.segments():
            current = firsts.get(str(segment.id), current)
            view = views.view_of(document, segment, merged=False)
            if view is not None:
                yield current, view


class Revisions:
    """Earlier revisions of one transcript, within one transaction with a single snapshot."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._rows = PastRows(connection, transcription_id)
        self._edits = TranscriptEdits(connection, transcription_id)

    async def page(self, head: Head, revision: int, window: Window) -> PastPage:
        """Return a part of a revision.

        Raises:
            NotFoundError: there is no such revision.
        """
        _check(head, revision)
        if await self._is_near_newest(head, revision, revision):
            stretch = await self._back(head, revision, head.revision)
        else:
            stretch = await self._forth(head, head.machine_revision, revision)
        found = await asyncio.to_thread(_entries, stretch, revision)
        found = [entry for entry in found if _within(entry, window)]
        last = None if window.limit is None else window.offset + window.limit
        chosen = found[window.offset : last]
        stored = await self._rows.shown(
            [entry.place for entry in chosen if entry.view is None],
            head.machine_revision,
            words=window.words,
        )
        segments = [
            segment_of(entry.view, words=window.words)
            if entry.view is not None
            else stored[entry.place.item]
            for entry in chosen
        ]
        merges = {
            speaker.id: speaker.merged_into for speaker in await self.speakers(head, revision)
        }
        return PastPage(segments=segments, total=len(found), merges=merges)

    async def stretch(self, head: Head, earlier: int, later: int) -> Stretch:
        """Return the parts that the batches behind a revision up to another one touch.

        Raises:
            NotFoundError: there is no such revision.
        """
        _check(head, earlier)
        _check(head, later)
        if await self._is_near_newest(head, earlier, later):
            return await self._back(head, earlier, later)
        return await self._forth(head, earlier, later)

    async def speakers(self, head: Head, revision: int) -> list[SpeakerItem]:
        """Return the speakers with their registers at a revision."""
        speakers = (await self._edits.load(head, (), ())).document.speakers
        batches = await self._rows.speaker_batches(revision, head.revision)
        reconstruction.take_back_speakers(speakers, reversed(batches))
        return speakers

    async def notes(self, head: Head, revision: int) -> list[NoteItem]:
        """Return all notes at a revision, those that are deleted or come later as dead."""
        document = Document((), notes=await self._rows.notes())
        if document.notes:
            batches = await self._rows.batches(revision, head.revision)
            reconstruction.take_back(document, reversed(batches), {}, {})
        return document.notes

    async def _is_near_newest(self, head: Head, earlier: int, later: int) -> bool:
        """Return whether fewer batches lead from the newest revision than from the machine's."""
        back = await self._rows.count(earlier, head.revision)
        return back <= await self._rows.count(head.machine_revision, later)

    async def _back(self, head: Head, earlier: int, later: int) -> Stretch:
        """Take back batches from the newest revision."""
        batches = await self._rows.batches(earlier, head.revision)
        between = [batch for batch in batches if batch.entry.revision <= later]
        behind = batches[len(between) :]
        wanted = {item for batch in between for item in batch.touched()}
        places = await self._rows.current(wanted, head.machine_revision)
        boundaries = {item for batch in batches for item in batch.boundaries()}
        loaded, document = await self._document(head, places, boundaries)
        measured, repeats = await self._undone(batches)

        def to(steps: Sequence[StoredBatch]) -> Callable[[], None]:
            return lambda: reconstruction.take_back(document, reversed(steps), measured, repeats)

        return Stretch(
            places=places,
            loaded=loaded,
            document=document,
            ways=((later, to(behind)), (earlier, to(between))),
            batches=between,
        )

    async def _forth(self, head: Head, earlier: int, later: int) -> Stretch:
        """Repeat batches on the machine version."""
        batches = await self._rows.batches(head.machine_revision, later)
        before = [batch for batch in batches if batch.entry.revision <= earlier]
        between = batches[len(before) :]
        origins = {new: old for batch in batches for new, old in batch.origins()}
        wanted = {_first(item, origins) for batch in between for item in batch.touched()}
        places = await self._rows.machine(wanted, head.machine_revision)
        boundaries = {item for batch in batches for item in batch.boundaries()}
        loaded, document = await self._document(head, places, boundaries)

        def to(steps: Sequence[StoredBatch]) -> Callable[[], None]:
            return lambda: reconstruction.repeat(document, steps)

        return Stretch(
            places=places,
            loaded=loaded,
            document=document,
            ways=((earlier, to(before)), (later, to(between))),
            batches=between,
        )

    async def _document(
        self, head: Head, places: Sequence[Place], boundaries: set[str]
    ) -> tuple[list[range], Document]:
        loaded = reconstruction.parts(
            [place.item for place in places],
            boundaries,
            {number for number, place in enumerate(places) if place.wanted},
        )
        chosen = [places[number] for part in loaded for number in part]
        items = await self._rows.items(chosen, head.machine_revision)

        def placed() -> Iterator[PlacedItem]:
            for place in chosen:
                yield from items[place.item]

        return loaded, Document(placed())

    async def _undone(
        self, batches: Sequence[StoredBatch]
    ) -> tuple[Measured, dict[int, list[int]]]:
        """Return what is needed to take back undoings exactly."""
        targets = [batch.entry.target for batch in batches if batch.entry.target]
        if not targets:
            return {}, {}
        measured = await self._rows.measured(min(targets), batches[-1].entry.revision)
        return measured, await self._rows.repeats() if measured else {}


@dataclass(slots=True, kw_only=True)
class _Entry:
    """A segment of a revision: computed, or stored unchanged."""

    start: float
    end: float
    number: int
    place: Place
    view: SegmentView | None = field(default=None)


def segment_of(view: SegmentView, *, words: bool) -> Segment:
    """Return a computed segment as readers get it."""
    return Segment(
        label=view.label,
        text=view.text,
        start=view.start,
        end=view.end,
        confidence=view.confidence,
        language=view.language,
        channel=view.channel,
        id=str(view.id),
        reviewed=view.reviewed,
        starred=view.starred,
        words=tuple(
            Word(
                text=word.text,
                start=word.start,
                end=word.end,
                probability=word.probability or 0.0,
                speakers=word.speakers,
                id=str(word.id),
                edited=word.probability is None,
            )
            for word in view.words
        )
        if words
        else (),
    )


def _first(item: str, origins: Mapping[str, str]) -> str:
    """Return the item of the machine version that an item was inserted behind."""
    while item in origins:
        item = origins[item]
    return item


def _entries(stretch: Stretch, revision: int) -> list[_Entry]:
    """Return the segments of a revision in order of their start."""
    views_at = stretch.states(lambda document: list(stretch.in_order(document)))[revision]
    computed = {number for part in stretch.loaded for number in part}
    entries = [
        _Entry(start=place.start, end=place.end, number=number, place=place)
        for number, place in enumerate(stretch.places)
        if place.shown and number not in computed
    ]
    entries.extend(
        _Entry(
            start=view.start, end=view.end, number=number, place=stretch.places[number], view=view
        )
        for number, view in views_at
    )
    return sorted(entries, key=lambda entry: (entry.start, entry.number))


def _within(entry: _Entry, window: Window) -> bool:
    start = window.start if window.start > 0 else -1.0
    return entry.end > start and (window.end is None or entry.start < window.end)


def _check(head: Head, revision: int) -> None:
    if not head.machine_revision <= revision <= head.revision:
        raise NotFoundError("The transcript has no such revision.")
