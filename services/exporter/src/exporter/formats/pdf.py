"""PDF with embedded fonts, an outline and selectable text."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from exporter.document import Document
from exporter.formats.format import CHUNK_BYTES
from exporter.options import ExportOptions
from exporter.pdf.fonts import font_directories
from exporter.pdf.jobs import join_parts, typeset_part
from exporter.pdf.pages import parts
from exporter.safe_text import one_line


def render(document: Document, options: ExportOptions) -> Iterator[bytes]:
    """Render the front matter and the turns. `timestamps` gives each segment its own paragraph.

    Long transcripts are typeset in parts and then joined. The result has no accessibility tags and
    no total number of pages in the footer. Raise ExportError when a font is missing or typesetting
    fails.
    """
    fonts = font_directories()
    with tempfile.TemporaryDirectory(prefix="transcript-") as name:
        directory = Path(name)
        files: list[Path] = []
        page = 1
        for part in parts(document, options):
            files.append(directory / f"part-{len(files)}.pdf")
            page += typeset_part(part | {"first_page": page}, fonts, files[-1])
        result = files[0]
        if len(files) > 1:
            result = directory / "whole.pdf"
            join_parts(files, one_line(document.title), result)
        with result.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
