"""Rich Transcription Time Marked: speaker turns for scoring tools and other programs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.document import Document, Segment
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line

# Shorter pauses do not end a passage of overlapping speech.
_JOIN_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Span:
    label: str
    start: float
    end: float


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render a SPEAKER line per segment and per passage of other speakers within it."""
    return encoded(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    recording = token(document.title) or "recording"
    names = unique_tokens(document)
    for segment in document.segments:
        spans = [
            _Span(label=segment.speaker_label, start=segment.start, end=segment.end),
            *_overlapping(segment),
        ]
        for span in spans:
            name = names.get(span.label, token(span.label)) or "unknown"
            duration = span.end - span.start
            if duration > 0:
                yield (
                    f"SPEAKER {recording} 1 {span.start:.3f} {duration:.3f} "
                    f"<NA> <NA> {name} <NA> <NA>\n"
                )


def _overlapping(segment: Segment) -> list[_Span]:
    """Return the passages where words belong to other speakers too, joined over short pauses."""
    spans: dict[str, list[_Span]] = {}
    for word in segment.words:
        for label in word.speakers:
            if label == segment.speaker_label:
                continue
            own = spans.setdefault(label, [])
            if own and word.start - own[-1].end < _JOIN_SECONDS:
                own[-1] = _Span(label=label, start=own[-1].start, end=max(own[-1].end, word.end))
            else:
                own.append(_Span(label=label, start=word.start, end=word.end))
    return [span for own in spans.values() for span in own]


def token(text: str) -> str:
    """Return the text as a single field, with underscores for blanks."""
    return re.sub(r"\s+", "_", one_line(text))


def unique_tokens(document: Document) -> dict[str, str]:
    """Return a distinct field per speaker label, numbered where two names give the same field."""
    fields: dict[str, str] = {}
    for speaker in document.speakers:
        field = token(document.name_of(speaker.label)) or "unknown"
        taken = set(fields.values())
        number = 2
        candidate = field
        while candidate in taken:
            candidate, number = f"{field}_{number}", number + 1
        fields[speaker.label] = candidate
    return fields
