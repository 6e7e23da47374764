"""Markers as an edit decision list (CMX 3600), for DaVinci Resolve, Avid and others."""

from collections.abc import Iterator

from exporter.document import Document
from exporter.formats.format import encoded
from exporter.markers import RATE, Marker, markers
from exporter.options import ExportOptions
from exporter.safe_text import one_line

# Time lines of editing programs start at one hour.
_START = 3600 * RATE
# Colors of DaVinci Resolve with those of locators, one per speaker.
_COLORS = (
    ("Blue", "BLUE"),
    ("Green", "GREEN"),
    ("Red", "RED"),
    ("Cyan", "CYAN"),
    ("Yellow", "YELLOW"),
    ("Pink", "MAGENTA"),
)


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render an event of one frame per segment, with its marker as a comment."""
    return encoded(_pieces(document))


def _pieces(document: Document) -> Iterator[str]:
    yield f"TITLE: {one_line(document.title)}\nFCM: NON-DROP FRAME\n\n"
    for number, marker in enumerate(markers(document), start=1):
        yield _event(number, marker)


def _event(number: int, marker: Marker) -> str:
    resolve, locator = _COLORS[marker.speaker % len(_COLORS)]
    start, end = _timecode(_START + marker.start), _timecode(_START + marker.start + 1)
    text = marker.text.replace("|", "¦")  # it separates the fields of DaVinci Resolve
    return (
        f"{number:03}  001      V     C        {start} {end} {start} {end}  \n"
        f"* LOC: {start} {locator:7} {text}\n"
        f" |C:ResolveColor{resolve} |M:{text} |D:{marker.duration}\n\n"
    )


def _timecode(count: int) -> str:
    seconds, frame = divmod(count, RATE)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frame:02}"
