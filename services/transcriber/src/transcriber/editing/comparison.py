"""Differences between two revisions of a part of a transcript, word by word.

Words keep their identifiers, and nothing has to be guessed: a word is in one revision, in the other
one, or in both with the same or another text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from transcriber.editing import views, wording
from transcriber.editing.document import Document
from transcriber.editing.items import ItemId
from transcriber.editing.views import SegmentView, WordView


class PieceKind(StrEnum):
    """How the words of a piece differ."""

    EQUAL = "equal"
    DELETED = "deleted"
    INSERTED = "inserted"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A piece in one of the revisions. Its text begins with the blank before it, if there is one.

    The side is empty, without a segment, if the revision lacks the piece.
    """

    segment: ItemId | None = None
    words: tuple[ItemId, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Consecutive words with the same kind of difference. Times are in seconds."""

    kind: PieceKind
    before: Side
    after: Side
    start: float
    end: float
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Overlapping segments of both revisions, with their pieces in order.

    The texts of the pieces in a segment, joined, are its text. `place` orders differences.
    """

    place: int
    before: tuple[SegmentView, ...]
    after: tuple[SegmentView, ...]
    pieces: tuple[Piece, ...]
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The segments of a part of a transcript in one revision, and its items in order.

    `texts` has the text of each word with the blank before it.
    """

    segments: Sequence[tuple[int, SegmentView]]
    texts: Mapping[ItemId, str]
    order: Sequence[ItemId]


def state_of(document: Document, places: Mapping[ItemId, int]) -> State:
    """Return the state of a document. `places` has the place of some beginnings of segments."""
    segments: list[tuple[int, SegmentView]] = []
    texts: dict[ItemId, str] = {}
    place = 0
    for item in document.segments():
        place = places.get(item.id, place)
        view = views.view_of(document, item, merged=False)
        if view is not None:
            segments.append((place, view))
            words = document.words(item)
            texts.update(zip((word.id for word in words), wording.parts(words), strict=True))
    return State(segments=segments, texts=texts, order=[item.id for item in document])


def compare(before: State, after: State, revisions: Mapping[ItemId, int]) -> list[Difference]:
    """Return the differences in order. `revisions` has the last change of each changed item."""
    order = max(before.order, after.order, key=len)
    index = {item: number for number, item in enumerate(order)}
    words = _Words(before), _Words(after)
    found = []
    for group in _groups(before, after, index):
        items = order[group.items.start : group.items.stop]
        pieces = tuple(_pieces(items, *words, revisions))
        if _differs(group, pieces):
            latest = max((revisions.get(item, 0) for item in items), default=0)
            found.append(
                Difference(
                    place=group.place,
                    before=tuple(group.before),
                    after=tuple(group.after),
                    pieces=pieces,
                    revision=latest,
                )
            )
    return found


@dataclass(slots=True, kw_only=True)
class _Group:
    """Overlapping segments of both revisions, and the range of their items."""

    place: int
    items: range
    before: list[SegmentView] = field(default_factory=list)
    after: list[SegmentView] = field(default_factory=list)


class _Words:
    """The words of a state, each with its segment and its text with the blank before it."""

    def __init__(self, state: State) -> None:
        self._found = {
            word.id: (segment.id, word) for _, segment in state.segments for word in segment.words
        }
        self._texts = state.texts

    def segment(self, item: ItemId) -> ItemId | None:
        """Return the segment of a word, None if it is not in the revision."""
        found = self._found.get(item)
        return None if found is None else found[0]

    def word(self, item: ItemId) -> WordView | None:
        """Return a word, None if it is not in the revision."""
        found = self._found.get(item)
        return None if found is None else found[1]

    def side(self, items: Iterable[ItemId]) -> Side:
        """Return the words among some items as a side of a piece."""
        own = tuple(item for item in items if item in self._found)
        if not own:
            return Side()
        text = "".join(self._texts[item] for item in own)
        return Side(segment=self._found[own[0]][0], words=own, text=text)


def _groups(before: State, after: State, index: Mapping[ItemId, int]) -> list[_Group]:
    """Group overlapping segments. A segment reaches from its beginning to its last word."""
    spans = [
        (index[segment.id], index[segment.words[-1].id], later, place, segment)
        for later, state in ((False, before), (True, after))
        for place, segment in state.segments
    ]
    groups: list[_Group] = []
    for first, last, later, place, segment in sorted(spans, key=lambda span: span[:3]):
        if not groups or first >= groups[-1].items.stop:
            groups.append(_Group(place=place, items=range(first, last + 1)))
        group = groups[-1]
        group.items = range(group.items.start, max(group.items.stop, last + 1))
        (group.after if later else group.before).append(segment)
    return groups


def _pieces(
    items: Sequence[ItemId], before: _Words, after: _Words, revisions: Mapping[ItemId, int]
) -> Iterator[Piece]:
    for run, equal in _runs(items, before, after):
        old, new = before.side(run), after.side(run)
        kind = PieceKind.EQUAL
        if not equal:
            both = PieceKind.REPLACED if old.words else PieceKind.INSERTED
            kind = both if new.words else PieceKind.DELETED
        shown = [
            word for item in run if (word := after.word(item) or before.word(item)) is not None
        ]
        yield Piece(
            kind=kind,
            before=old,
            after=new,
            start=shown[0].start,
            end=max(word.end for word in shown),
            revision=0 if equal else max(revisions.get(item, 0) for item in run),
        )


def _runs(
    items: Iterable[ItemId], before: _Words, after: _Words
) -> Iterator[tuple[list[ItemId], bool]]:
    """Yield runs of equal or of different words, within one segment on each side."""
    run: list[ItemId] = []
    equal = False
    sides: list[ItemId | None] = [None, None]
    for item in items:
        old, new = before.word(item), after.word(item)
        if old is None and new is None:
            continue
        same = old is not None and new is not None and old.text == new.text
        own = [before.segment(item), after.segment(item)]
        left = any(
            place is not None and last is not None and place != last
            for place, last in zip(own, sides, strict=True)
        )
        if run and (same != equal or left):
            yield run, equal
            run, sides = [], [None, None]
        run.append(item)
        equal = same
        sides = [place or last for place, last in zip(own, sides, strict=True)]
    if run:
        yield run, equal


def _differs(group: _Group, pieces: Iterable[Piece]) -> bool:
    if any(piece.kind is not PieceKind.EQUAL for piece in pieces):
        return True
    return [_properties(view) for view in group.before] != [
        _properties(view) for view in group.after
    ]


def _properties(view: SegmentView) -> tuple[object, ...]:
    return (view.id, view.label, view.start, view.end, view.reviewed, view.starred)
