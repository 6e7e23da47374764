"""Rows with time spans for NVivo, separated by tabs."""

import csv
import io
from collections.abc import Iterator

from exporter.document import Document
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import one_line, spreadsheet_cell

# Without it, programs on Windows decode the file in a regional encoding instead of UTF-8.
_BYTE_ORDER_MARK = "\ufeff"


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:  # noqa: ARG001
    """Render a row per segment with the columns `Timespan`, `Content` and `Speaker`."""
    return encoded(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    yield _BYTE_ORDER_MARK
    yield _line("Timespan", "Content", "Speaker")
    for segment in document.segments:
        if one_line(segment.text):
            yield _line(
                f"{_clock(segment.start)} - {_clock(max(segment.start, segment.end))}",
                spreadsheet_cell(segment.text),
                spreadsheet_cell(document.name_of(segment.speaker_label)) or "Unknown",
            )


def _clock(seconds: float) -> str:
    """Return `H:MM:SS.t`, the precision that NVivo has."""
    tenths = max(0, int(seconds * 10))
    minutes, rest = divmod(tenths, 600)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 10:02}.{rest % 10}"


def _line(*cells: str) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter="\t", lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
