"""Rich Transcription Time Marked: speaker turns for scoring tools and other programs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exporter.document import Document, Segment, SpeakerTurn
from exporter.fields import token, unique_tokens
from exporter.formats.format import encoded
from exporter.options import ExportOptions

# Shorter pauses do not end a passage of overlapping speech.
_JOIN_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Span:
    label: str
    channel: int
    start: float
    end: float


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render a SPEAKER line per segment and per passage of other speakers within it.

    A document with turns of the diarizer has those instead. The lines are in order of time, and
    those of one speaker do not overlap.
    """
    return encoded(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    title = token(document.title) or "recording"
    names = unique_tokens(document)
    for span in _spans(document):
        name = names.get(span.label) or token(span.label) or "unknown"
        times = f"{span.start:.3f} {span.end - span.start:.3f}"
        yield f"SPEAKER {title} {span.channel} {times} <NA> <NA> {name} <NA> <NA>\n"


def _spans(document: Document) -> list[_Span]:
    by_label: dict[str, list[_Span]] = {}
    for span in _of_segments(document) if document.turns is None else map(_turn, document.turns):
        rounded = replace(span, start=round(span.start, 3), end=round(span.end, 3))
        if rounded.end > rounded.start:
            by_label.setdefault(span.label, []).append(rounded)
    apart = [span for own in by_label.values() for span in _united(own)]
    return sorted(apart, key=lambda span: (span.start, span.end))


def _of_segments(document: Document) -> Iterator[_Span]:
    channels = {speaker.label: speaker.channel for speaker in document.speakers}
    for segment in document.segments:
        yield from (_own(segment), *_overlapping(segment, channels))


def _turn(turn: SpeakerTurn) -> _Span:
    return _Span(
        label=turn.speaker_label, channel=turn.channel or 1, start=turn.start, end=turn.end
    )


def _own(segment: Segment) -> _Span:
    return _Span(
        label=segment.speaker_label,
        channel=segment.channel or 1,
        start=segment.start,
        end=segment.end,
    )


def _overlapping(segment: Segment, channels: dict[str, int]) -> list[_Span]:
    """Return the passages where words belong to other speakers too, joined over short pauses.

    Speakers of other channels have segments of their own there.
    """
    spans: dict[str, list[_Span]] = {}
    for word in segment.words:
        for label in word.speakers:
            if label == segment.speaker_label or channels.get(label, 0) != segment.channel:
                continue
            start, end = word.start, word.end
            own = spans.setdefault(label, [])
            if own and start - own[-1].end < _JOIN_SECONDS:
                last = own.pop()
                start, end = last.start, max(last.end, end)
            own.append(_Span(label=label, channel=segment.channel or 1, start=start, end=end))
    return [span for own in spans.values() for span in own]


def _united(spans: list[_Span]) -> list[_Span]:
    """Return the spans of one speaker in order, those that overlap as one."""
    united: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if united and span.start < united[-1].end:
            united[-1] = replace(united[-1], end=max(united[-1].end, span.end))
        else:
            united.append(span)
    return united
