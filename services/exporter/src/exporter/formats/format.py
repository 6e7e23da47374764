"""Interface between an export format and the rest of the service."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from common.export_formats import EXTENSIONS
from exporter.document import Document
from exporter.options import ExportOptions, Option

Renderer = Callable[[Document, ExportOptions], Iterator[bytes]]

CHUNK_BYTES = 64 * 1024  # approximate size of the chunks of a document


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """Export format.

    `name` is the name in the JSON API. `options` are the options
    with an effect on it. With `uses_words`, segments carry their words whatever the options. With
    `tracks_changes`, it shows those of the document. With `takes_templates`, a template may replace
    its layout. With `takes_turns`, it shows those of the diarizer if the document has them.
    """

    name: str
    render: Renderer
    options: frozenset[Option] = frozenset()
    uses_words: bool = False
    tracks_changes: bool = False
    takes_templates: bool = False
    takes_turns: bool = False

    @property
    def extension(self) -> str:
        """Extension of its files, without the dot."""
        return EXTENSIONS[self.name]


def encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Join pieces of text into UTF-8 chunks of about `CHUNK_BYTES`."""
    waiting: list[str] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= CHUNK_BYTES:
            yield "".join(waiting).encode()
            waiting, length = [], 0
    if waiting:
        yield "".join(waiting).encode()
