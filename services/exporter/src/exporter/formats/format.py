"""What a format is to the rest of the service."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from exporter.document import Document
from exporter.options import ExportOptions, Option

Renderer = Callable[[Document, ExportOptions], Iterator[bytes]]

CHUNK = 64 * 1024  # bytes; what a renderer yields at a time, roughly


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A document format.

    `options` are those that make a difference to it. `uses_words` says whether segments have to
    carry their words for it, whatever the options.
    """

    name: str
    media_type: str
    extension: str
    render: Renderer
    options: frozenset[Option] = frozenset()
    uses_words: bool = False


def encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """Pieces of text as chunks of UTF-8 of about `CHUNK` bytes."""
    waiting: list[str] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= CHUNK:
            yield "".join(waiting).encode()
            waiting, length = [], 0
    if waiting:
        yield "".join(waiting).encode()
