"""Comma-separated values for spreadsheets, one row per segment."""

import csv
import io
from collections.abc import Iterator

from exporter.clock import precise_clock
from exporter.document import Document, Segment
from exporter.formats.format import encoded
from exporter.options import ExportOptions
from exporter.safe_text import spreadsheet_cell

# Without it, spreadsheets decode the file in a regional encoding instead of UTF-8.
_BYTE_ORDER_MARK = "\ufeff"


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render the columns `index, start_time, end_time, speaker, text`, with times in seconds.

    `timestamps` adds the times as `HH:MM:SS.mmm`, `confidence` a column with values from 0 to 1.
    """
    return encoded(_lines(document, options))


def _lines(document: Document, options: ExportOptions) -> Iterator[str]:
    header = ["index", "start_time", "end_time", "speaker", "text"]
    if options.timestamps:
        header += ["start_clock", "end_clock"]
    if options.confidence:
        header.append("confidence")
    yield _BYTE_ORDER_MARK
    yield _line(header)
    for segment in document.segments:
        yield _line(_row(document, segment, options))


def _row(document: Document, segment: Segment, options: ExportOptions) -> list[str]:
    row = [
        str(segment.index),
        f"{segment.start:.3f}",
        f"{segment.end:.3f}",
        spreadsheet_cell(document.name_of(segment.speaker_label)),
        spreadsheet_cell(segment.text),
    ]
    if options.timestamps:
        row += [precise_clock(segment.start), precise_clock(segment.end)]
    if options.confidence:
        row.append(f"{segment.confidence:.3f}")
    return row


def _line(cells: list[str]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()
