"""Stretches of an earlier revision: touched parts of a transcript, and pages of its segments."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from transcriber.domain.transcripts import Segment, Word
from transcriber.editing import reconstruction, views
from transcriber.editing.document import Document
from transcriber.editing.items import ItemId
from transcriber.editing.reconstruction import Measured, StoredBatch
from transcriber.editing.views import SegmentView
from transcriber.store.past import Place

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

    `merges` has the label of the speaker after a merge by each label, empty without one.
    """

    segments: Sequence[Segment]
    total: int
    merges: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The parts of a transcript touched by the batches between two revisions.

    `parts` are ranges of `places`. `steps` has both revisions in the order of the way to them, each
    with its batches. The way begins at the newest revision if `back`, else at the machine version.
    `positions` has the touched segments of the machine version.
    """

    places: Sequence[Place]
    parts: Sequence[range]
    back: bool
    steps: Sequence[tuple[int, Sequence[StoredBatch]]]
    between: Sequence[StoredBatch]
    positions: Collection[int]
    measured: Measured
    repeats: Mapping[int, Sequence[int]]

    def states(self, document: Document, take: Callable[[Document], _Result]) -> dict[int, _Result]:
        """Return the result of a function on loaded parts at both revisions, by revision."""
        found = {}
        for revision, batches in self.steps:
            if self.back:
                reconstruction.take_back(document, reversed(batches), self.measured, self.repeats)
            else:
                reconstruction.repeat(document, batches)
            found[revision] = take(document)
        return found

    def places_of(self, parts: Iterable[range]) -> dict[ItemId, int]:
        """Return the numbers of the places at which parts begin, by their segments."""
        return {ItemId.parse(self.places[part.start].item): part.start for part in parts}


@dataclass(slots=True, kw_only=True)
class Entry:
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
                written=word.written,
            )
            for word in view.words
        )
        if words
        else (),
    )


def in_order(document: Document, places: Mapping[ItemId, int]) -> Iterator[tuple[int, SegmentView]]:
    """Yield the segments with words, each with the place where its part begins."""
    current = 0
    for segment in document.segments():
        current = places.get(segment.id, current)
        view = views.view_of(document, segment, merged=False)
        if view is not None:
            yield current, view


def entries_of(stretch: Stretch, computed: Sequence[tuple[int, SegmentView]]) -> list[Entry]:
    """Return the segments of a revision in order of their start."""
    within = {number for part in stretch.parts for number in part}
    entries = [
        Entry(start=place.start, end=place.end, number=number, place=place)
        for number, place in enumerate(stretch.places)
        if place.shown and number not in within
    ]
    entries.extend(
        Entry(
            start=view.start, end=view.end, number=number, place=stretch.places[number], view=view
        )
        for number, view in computed
    )
    return sorted(entries, key=lambda entry: (entry.start, entry.number))


def within(entry: Entry, window: Window) -> bool:
    """Return whether a segment reaches into the time of a window."""
    start = window.start if window.start > 0 else -1.0
    return entry.end > start and (window.end is None or entry.start < window.end)
