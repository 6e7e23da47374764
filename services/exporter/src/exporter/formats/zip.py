"""All formats in one archive."""

from collections.abc import Iterator

from exporter.document import Document
from exporter.formats.format import Format
from exporter.options import ExportOptions
from exporter.zip_stream import zip_stream


def render(
    document: Document, options: ExportOptions, formats: tuple[Format, ...]
) -> Iterator[bytes]:
    """Render each of the formats with the same options, one file per format."""
    members = (
        (document.file_name(one.extension), one.render(document, options)) for one in formats
    )
    return zip_stream(members, moment=document.completed or document.created)
