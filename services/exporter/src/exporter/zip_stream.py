"""Streamed ZIP archives of members whose chunks are at hand."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from common.zip_stream import ZipStream


def zip_stream(
    members: Iterable[tuple[str, Iterable[bytes]]], *, moment: datetime | None = None
) -> Iterator[bytes]:
    """Yield an archive of the members, each given as a name and its chunks.

    All members have the modification time `moment`, or 1980 without one.
    """
    archive = ZipStream(moment=moment)
    for name, chunks in members:
        yield from _any(archive.begin(name))
        for chunk in chunks:
            yield from _any(archive.write(chunk))
        yield from _any(archive.end())
    yield archive.finish()


def _any(data: bytes) -> Iterator[bytes]:
    if data:
        yield data
