"""Text with time stamps for MAXQDA and ATLAS.ti: `#00:01:05-4# Name: text`."""

import re
from collections.abc import Iterator

from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line

_STAMP_CHARACTERS = re.compile(r"[#\d:-]+")
_TIME = re.compile(r"\d:\d")


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render a paragraph per segment. It starts with its time, with tenths of a second."""
    return encoded(_paragraphs(document))


def _paragraphs(document: Document) -> Iterator[str]:
    for segment in document.segments:
        text = _plain(segment.text)
        if text:
            # A colon ends the name for programs that code the speech of each speaker.
            name = one_line(_plain(document.name_of(segment.speaker_label)).replace(":", " "))
            yield f"{_stamp(segment.start)} {name or 'Unknown'}: {text}\n\n"


def _plain(text: str) -> str:
    """Return the text on one line, without anything that looks like a time stamp."""
    return _STAMP_CHARACTERS.sub(_without_marks, one_line(text))


def _without_marks(found: re.Match[str]) -> str:
    """Return the characters without `#` if a time is among them, like `##00:01:05-4##`.

    All of them go at once, because one that is removed can leave another next to a time.
    """
    bare = found[0].replace("#", "")
    return bare if _TIME.search(bare) else found[0]


def _stamp(seconds: float) -> str:
    tenths = max(0, int(seconds * 10))
    minutes, rest = divmod(tenths, 600)
    return f"#{minutes // 60:02}:{minutes % 60:02}:{rest // 10:02}-{rest % 10}#"
