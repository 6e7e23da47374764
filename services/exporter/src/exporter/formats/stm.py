"""Time-marked segments (STM) for scoring tools."""

from collections.abc import Iterator

from exporter.document import Document, Segment
from exporter.fields import recording, token, unique_tokens
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line

# Scoring tools take braces for alternatives and angle brackets at the start for a label.
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "{": "(", "}": ")"})


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render a line per segment, in order of channel and time."""
    return encoded(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    title = recording(document)
    names = unique_tokens(document)

    def order(segment: Segment) -> tuple[int, float]:
        return segment.channel or 1, segment.start

    for segment in sorted(document.segments, key=order):
        text = one_line(segment.text).translate(_LOOKALIKES)
        start, end = max(0.0, segment.start), max(0.0, segment.end)
        if not text or round(end, 3) <= round(start, 3):
            continue
        name = names.get(segment.speaker_label) or token(segment.speaker_label) or "unknown"
        yield f"{title} {segment.channel or 1} {name} {start:.3f} {end:.3f} {text}\n"
