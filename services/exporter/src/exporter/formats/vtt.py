"""WebVTT subtitles with voice tags."""

from collections.abc import Iterator

from exporter.clock import precise_clock
from exporter.cues import Cue, cues
from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line


def escaped(text: str) -> str:
    """Return the text on one line with markup escaped, `-->` included."""
    line = one_line(text)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render cues with voice tags. `words` adds the time of each word within its cue."""
    return encoded(_pieces(document, options))


def _pieces(document: Document, options: ExportOptions) -> Iterator[str]:
    yield "WEBVTT\n\n"
    for number, cue in enumerate(cues(document), start=1):
        name = escaped(document.name_of(cue.speaker_label))
        text = _with_times(cue) if options.words else "\n".join(map(escaped, cue.lines()))
        voice = f"<v {name}>" if name else ""
        times = f"{precise_clock(cue.start)} --> {precise_clock(cue.end)}"
        yield f"{number}\n{times}\n{voice}{text}\n\n"


def _with_times(cue: Cue) -> str:
    """Return the text with a time before each word, as long as times within the cue increase."""
    parts: list[str] = []
    latest = round(cue.start, 3)
    for piece in cue.pieces:
        start = round(piece.start, 3)
        blank = " " if piece.text[-1:].isspace() else ""
        if latest < start < cue.end:
            parts.append(f"<{precise_clock(start)}>")
            latest = start
        parts.append(escaped(piece.text) + blank)
    return "".join(parts).rstrip()
