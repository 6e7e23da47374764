"""Comparison of revisions of different machine versions.

Their words have other identifiers. Corresponding words are given those of the first revision. Both
can then be compared like revisions of one machine version.
"""

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from transcriber.editing import comparison
from transcriber.editing.alignment import align, plain
from transcriber.editing.comparison import Difference, Piece, PieceKind, Side, State
from transcriber.editing.correspondence import heard_in
from transcriber.editing.document import Document
from transcriber.editing.items import ItemId
from transcriber.editing.views import SegmentView

#: Edges of a segment that are closer than this are the same, in seconds.
_SAME_EDGE = 0.25


def compare(before: Document, after: Document, revision: int) -> list[Difference]:
    """Return the differences in order. They are attributed to a revision."""
    old, new = comparison.state_of(before, {}), comparison.state_of(after, {})
    words = _corresponding(before, after, old, new)
    segments = _same_segments(old, new, words)
    renamed = _renamed(old, new, words, segments)
    originals = {view.id: view for _, view in new.segments}
    back = {to: item for item, to in (*words.items(), *segments.items())}
    return [
        replace(
            one,
            after=tuple(originals[back.get(view.id, view.id)] for view in one.after),
            pieces=tuple(_restored(piece, back, revision) for piece in one.pieces),
            revision=revision,
        )
        for one in comparison.compare(old, renamed, {})
    ]


def _corresponding(
    before: Document, after: Document, old: State, new: State
) -> dict[ItemId, ItemId]:
    """Return the words of the first revision by the same words of the second one."""
    places = {item: place for place, item in enumerate(old.order)}
    if any(item in old.texts for item in new.texts):
        return {item: item for item in new.texts if item in old.texts}
    alignment = align(
        [(channel, word) for channel, word in heard_in(before) if word.alive],
        [(channel, word) for channel, word in heard_in(after) if word.alive],
    )
    pairs = {
        found[0]: item
        for item, found in alignment.places.items()
        if len(found) == 1 and plain(old.texts[item].strip()) == plain(new.texts[found[0]].strip())
    }
    ordered = [item for item in new.order if item in pairs]
    kept = increasing([places[pairs[item]] for item in ordered])
    return {ordered[number]: pairs[ordered[number]] for number in kept}


def increasing(numbers: Sequence[int]) -> list[int]:
    """Return the indexes of a longest increasing subsequence."""
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, number in enumerate(numbers):
        place = bisect.bisect_left(tails, number)
        previous.append(ends[place - 1] if place else -1)
        tails[place : place + 1] = [number]
        ends[place : place + 1] = [index]
    found: list[int] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        found.append(index)
        index = previous[index]
    return found[::-1]


def _same_segments(old: State, new: State, words: Mapping[ItemId, ItemId]) -> dict[ItemId, ItemId]:
    """Return the segments of the first revision by those of the second one with the same words."""
    owners = {word.id: view.id for _, view in old.segments for word in view.words}
    found: dict[ItemId, ItemId] = {}
    taken: set[ItemId] = set()
    for _, view in new.segments:
        first = next((words[word.id] for word in view.words if word.id in words), None)
        owner = None if first is None else owners[first]
        if owner is not None and owner not in taken:
            taken.add(owner)
            found[view.id] = owner
    return found


def _renamed(
    old: State,
    new: State,
    words: Mapping[ItemId, ItemId],
    segments: Mapping[ItemId, ItemId],
) -> State:
    """Return the second revision with identifiers of the first one."""
    earlier = {view.id: view for _, view in old.segments}
    return State(
        segments=[
            (
                place,
                replace(
                    _like(view, earlier.get(segments.get(view.id, view.id))),
                    id=segments.get(view.id, view.id),
                    words=tuple(
                        replace(word, id=words.get(word.id, word.id)) for word in view.words
                    ),
                ),
            )
            for place, view in new.segments
        ],
        texts={words.get(item, item): text for item, text in new.texts.items()},
        order=_together(old.order, new, words, segments),
    )


def _like(view: SegmentView, earlier: SegmentView | None) -> SegmentView:
    """Return a segment with the edges of the same segment if they are close."""
    if earlier is None:
        return view
    start, end = (
        was if abs(was - now) < _SAME_EDGE else now
        for was, now in ((earlier.start, view.start), (earlier.end, view.end))
    )
    return replace(view, start=start, end=end)


def _together(
    order: Sequence[ItemId],
    new: State,
    words: Mapping[ItemId, ItemId],
    segments: Mapping[ItemId, ItemId],
) -> list[ItemId]:
    """Return the items of both revisions in one order.

    New words are behind the words before them, and a new segment is before its first word.
    """
    behind: dict[ItemId | None, list[ItemId]] = {}
    before: dict[ItemId | None, list[ItemId]] = {}
    begins = {view.id for _, view in new.segments}
    last: ItemId | None = None
    waiting: list[ItemId] = []
    own = set(order)
    for item in new.order:
        if item in words:
            last = words[item]
            before.setdefault(last, []).extend(waiting)
            waiting = []
        elif waiting or item in begins:
            if item in begins or item in new.texts:
                waiting.append(segments.get(item, item))
        elif item in new.texts:
            behind.setdefault(last, []).append(item)
    return list(_merged(order, before, behind, waiting, own))


def _merged(
    order: Iterable[ItemId],
    before: Mapping[ItemId | None, Sequence[ItemId]],
    behind: Mapping[ItemId | None, Sequence[ItemId]],
    rest: Sequence[ItemId],
    own: set[ItemId],
) -> Iterator[ItemId]:
    yield from behind.get(None, ())
    for item in order:
        yield from (one for one in before.get(item, ()) if one not in own)
        yield item
        yield from (one for one in behind.get(item, ()) if one not in own)
    yield from (one for one in rest if one not in own)


def _restored(piece: Piece, back: Mapping[ItemId, ItemId], revision: int) -> Piece:
    """Return a piece with the identifiers of the second revision on its side."""
    after = piece.after
    if after.segment is not None:
        after = Side(
            segment=back.get(after.segment, after.segment),
            words=tuple(back.get(item, item) for item in after.words),
            text=after.text,
        )
    changed = 0 if piece.kind is PieceKind.EQUAL else revision
    return replace(piece, after=after, revision=changed)
