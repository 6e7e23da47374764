"""Rendering of documents in tests of formats."""

from exporter.document import Document
from exporter.formats.catalog import FORMATS
from exporter.options import ExportOptions


def rendered(document: Document, name: str, **options: bool) -> bytes:
    """Return a document in the named format."""
    return b"".join(FORMATS[name].render(document, ExportOptions(**options)))
