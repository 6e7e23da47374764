"""Conversations with tracked changes: turns whose text and speakers are marked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from common.writing_systems import needs_blank
from exporter.changes import Changes, Difference, Piece
from exporter.document import Document, Segment
from exporter.turns import PARAGRAPH_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Text before and after, with its blanks. Both are the same unless a revision changed them."""

    before: str
    after: str
    revision: int = 0

    @property
    def changed(self) -> bool:
        """Whether the text differs."""
        return self.before != self.after


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackedTurn:
    """Passage of one speaker. A name is empty where the passage is in one of the revisions only.

    `revision` changed the speaker, or added or deleted the passage. `segments` are those of the
    later revision.
    """

    before: str
    after: str
    start: float
    end: float
    spans: tuple[Span, ...]
    segments: tuple[Segment, ...] = ()
    revision: int = 0

    @property
    def speaker(self) -> Span:
        """The name of the speaker as a span."""
        return Span(before=self.before, after=self.after, revision=self.revision)


def tracked_turns(
    document: Document, *, paragraph_seconds: float = PARAGRAPH_SECONDS
) -> Iterator[TrackedTurn]:
    """Yield turns of at most `paragraph_seconds`, except for a single longer segment.

    A document without changes has none that are marked.
    """
    collected: TrackedTurn | None = None
    for row in sorted(_rows(document), key=lambda row: row.start):
        if collected is not None and _continues(collected, row, paragraph_seconds):
            collected = _joined(collected, row)
            continue
        if collected is not None:
            yield collected
        collected = row
    if collected is not None:
        yield collected


def _rows(document: Document) -> Iterator[TrackedTurn]:
    """Yield a turn per segment, and per difference that is only in the earlier revision."""
    changes = document.changes or Changes(since=0, revision=0, differences=())
    found = {
        segment: difference
        for difference in changes.differences
        for segment in _later_segments(difference)
    }
    for segment in document.segments:
        name = document.name_of(segment.speaker_label) or "Unknown"
        difference = found.get(segment.id)
        if difference is not None:
            yield _changed(segment, name, difference)
        elif segment.text.strip():
            text = segment.text.strip()
            yield TrackedTurn(
                before=changes.speakers.get(segment.id, name),
                after=name,
                start=segment.start,
                end=segment.end,
                spans=(Span(before=text, after=text),),
                segments=(segment,),
                revision=changes.revision,
            )
    for difference in changes.differences:
        if not _later_segments(difference):
            yield from _deleted(difference)


def _later_segments(difference: Difference) -> list[str]:
    names = (piece.after_segment for piece in difference.pieces)
    return [segment for segment in dict.fromkeys(names) if segment]


def _changed(segment: Segment, name: str, difference: Difference) -> TrackedTurn:
    pieces = list(_own(difference, segment.id))
    earlier = [piece.before_segment for piece in pieces if piece.before_segment]
    return TrackedTurn(
        before=difference.speakers.get(earlier[0], name) if earlier else "",
        after=name,
        start=segment.start,
        end=segment.end,
        spans=_spans(pieces),
        segments=(segment,),
        revision=difference.revision,
    )


def _own(difference: Difference, segment: str) -> Iterator[Piece]:
    """Yield the pieces of a segment. Deleted words belong to the segment before them."""
    current = next(iter(_later_segments(difference)))
    for piece in difference.pieces:
        current = piece.after_segment or current
        if current == segment:
            yield piece


def _deleted(difference: Difference) -> Iterator[TrackedTurn]:
    for segment in dict.fromkeys(piece.before_segment for piece in difference.pieces):
        pieces = [piece for piece in difference.pieces if piece.before_segment == segment]
        yield TrackedTurn(
            before=difference.speakers.get(segment, "Unknown"),
            after="",
            start=difference.start,
            end=difference.end,
            spans=_spans(pieces),
            revision=difference.revision,
        )


def _spans(pieces: Iterable[Piece]) -> tuple[Span, ...]:
    """Return the spans of pieces. Blanks at both ends are those of the changed text."""
    spans: list[Span] = []
    for piece in pieces:
        before, after = piece.before, piece.after
        if not spans:
            before, after = before.lstrip(), after.lstrip()
        if not piece.equal:
            spans.extend(_replacement(before, after, piece.revision))
            continue
        if before[:1].isspace() != after[:1].isspace() and spans:
            # The words before were deleted, or are new, with the blank behind them.
            last = spans.pop()
            spans.append(
                replace(
                    last,
                    before=last.before + " " * before[:1].isspace(),
                    after=last.after + " " * after[:1].isspace(),
                )
            )
            after = after.lstrip()
        spans.append(Span(before=after, after=after))
    return tuple(span for span in spans if span.before or span.after)


def _replacement(before: str, after: str, revision: int) -> Iterator[Span]:
    """Yield a changed text, and the blank before it that both have."""
    if before[:1].isspace() and after[:1].isspace():
        yield Span(before=" ", after=" ")
        before, after = before[1:], after[1:]
    yield Span(before=before, after=after, revision=revision)


def _continues(turn: TrackedTurn, row: TrackedTurn, seconds: float) -> bool:
    return (turn.before, turn.after) == (row.before, row.after) and row.end - turn.start <= seconds


def _joined(turn: TrackedTurn, row: TrackedTurn) -> TrackedTurn:
    last, first = turn.spans[-1], row.spans[0]
    blank = needs_blank(last.after or last.before, first.after or first.before)
    between: tuple[Span, ...] = (Span(before=" ", after=" "),) if blank else ()
    if turn.before and not turn.after:
        between = tuple(replace(span, after="", revision=row.revision) for span in between)
    elif turn.after and not turn.before:
        between = tuple(replace(span, before="", revision=row.revision) for span in between)
    return replace(
        turn,
        end=max(turn.end, row.end),
        spans=(*turn.spans, *between, *row.spans),
        segments=(*turn.segments, *row.segments),
        revision=max(turn.revision, row.revision),
    )
