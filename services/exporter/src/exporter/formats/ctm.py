"""Time-marked words (CTM) for scoring tools."""

from collections.abc import Iterator
from itertools import pairwise

from exporter.cues import TimedPiece, timed_pieces
from exporter.document import Document
from exporter.fields import recording
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line

_SHORTEST_SECONDS = 0.001


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render a line per word, in order of channel and time.

    Words that were edited have no confidence, and share the time of their segment.
    """
    return encoded(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    title = recording(document)
    words = [
        (segment.channel or 1, word)
        for segment in document.segments
        for piece in timed_pieces(segment)
        for word in _words(piece)
    ]
    for channel, word in sorted(words, key=lambda one: (one[0], one[1].start)):
        times = f"{word.start:.3f} {max(_SHORTEST_SECONDS, word.end - word.start):.3f}"
        confidence = "" if word.probability is None else f" {word.probability:.3f}"
        yield f"{title} {channel} {times} {word.text}{confidence}\n"


def _words(piece: TimedPiece) -> Iterator[TimedPiece]:
    """Split a piece at its blanks. Its time is spread evenly over its characters."""
    words = one_line(piece.text).split()
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    share = (piece.end - piece.start) / max(1, ends[-1])
    for word, (first, last) in zip(words, pairwise(ends), strict=True):
        yield TimedPiece(
            text=word,
            start=max(0.0, piece.start + first * share),
            end=piece.start + last * share,
            probability=piece.probability,
        )
