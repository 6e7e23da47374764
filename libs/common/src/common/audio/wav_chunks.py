"""Chunks of WAV and Wave64 files, found again behind broken ones."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from common.audio.seekable import Seekable

#: Chunks before the sound, and as many behind it, that are looked at.
_MOST_CHUNKS = 1_000
#: How far the next chunk is searched for where one should be.
_SEARCHED = 1 << 20
#: Bytes behind the last chunk that mean nothing.
_REMNANT = 8
#: Chunks of metadata, which are taken for what they are even if their size is wrong.
_METADATA = frozenset(
    {b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"axml", b"cue ", b"smpl", b"inst", b"PEAK"}
    | {b"JUNK", b"junk", b"FLLR", b"PAD ", b"fact", b"minf", b"umid", b"_PMX", b"afsp"}
)
_NEEDED = re.compile(rb"fmt |data")
_W64_NAME = b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A chunk: its name, where its content begins, and the stated size of that in bytes."""

    name: bytes
    begin: int
    size: int

    @property
    def end(self) -> int:
        """Where the content ends if the size is right."""
        return self.begin + self.size


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How chunks are written: byte order, header, and whether sizes include it.

    `head` are the bytes before the first chunk.
    """

    order: str
    header: str
    counts_header: bool
    align: int
    head: int

    def chunk(self, file: Seekable, place: int) -> Chunk | None:
        """Return the chunk with its header at a place, None if there is none."""
        file.seek(place)
        length = struct.calcsize(self.order + self.header)
        header = file.read(length)
        if len(header) < length:
            return None
        name, size = struct.unpack(self.order + self.header, header)
        if self.counts_header:
            size = max(0, size - length)
            if name[4:] != _W64_NAME:
                return None
        if not _is_name(name[:4]):
            return None
        return Chunk(name=name[:4], begin=place + length, size=size)

    def next_places(self, chunk: Chunk) -> tuple[int, ...]:
        """Return where the next chunk may begin: behind the padding, or without it."""
        padding = -chunk.size % self.align
        return (chunk.end + padding, chunk.end) if padding else (chunk.end,)


RIFF = Dialect(order="<", header="4sI", counts_header=False, align=2, head=12)
RIFX = Dialect(order=">", header="4sI", counts_header=False, align=2, head=12)
W64 = Dialect(order="<", header="16sQ", counts_header=True, align=8, head=40)


def dialect_at(file: Seekable, place: int) -> tuple[Dialect, int] | None:
    """Return the dialect of the WAV file at a place, and where it claims to end."""
    file.seek(place)
    head = file.read(W64.head)
    if head[:4] == b"riff" and head[24:28] == b"wave":
        return W64, place + int.from_bytes(head[16:24], "little")
    if head[8:12] != b"WAVE" or head[:4] not in {b"RIFF", b"RIFX", b"RF64", b"BW64"}:
        return None
    dialect = RIFX if head[:4] == b"RIFX" else RIFF
    (size,) = struct.unpack_from(f"{dialect.order}I", head, 4)
    return dialect, place + 8 + size


def chunks_before_sound(file: Seekable, place: int, end: int, dialect: Dialect) -> Iterator[Chunk]:
    """Yield the chunks from a place to the one with the sound."""
    chunk = dialect.chunk(file, place)
    for _ in range(_MOST_CHUNKS):
        if chunk is None:
            return
        yield chunk
        if chunk.name == b"data":
            return
        chunk = _next(file, chunk, end, dialect) or _search(file, chunk.begin, dialect)


def _next(file: Seekable, chunk: Chunk, end: int, dialect: Dialect) -> Chunk | None:
    found = (dialect.chunk(file, place) for place in dialect.next_places(chunk) if place < end)
    return next((following for following in found if following is not None), None)


def _search(file: Seekable, place: int, dialect: Dialect) -> Chunk | None:
    """Return the next needed chunk, near a place where the chain of chunks is broken."""
    file.seek(place)
    found = _NEEDED.search(file.read(_SEARCHED))
    return dialect.chunk(file, place + found.start()) if found else None


def chunks_behind(
    file: Seekable, place: int, end: int, dialect: Dialect
) -> tuple[list[Chunk], int] | None:
    """Return the chunks from a place on, and where they end: with the file or before another one.

    None if something else follows.
    """
    found: list[Chunk] = []
    while end - place > _REMNANT and len(found) < _MOST_CHUNKS:
        if dialect_at(file, place) is not None:
            return found, place
        chunk = dialect.chunk(file, place)
        if chunk is None or (chunk.end > end and chunk.name not in _METADATA):
            return None
        if chunk.end > end:
            break
        found.append(chunk)
        places = dialect.next_places(chunk)
        fitting = (at for at in places if end - at <= _REMNANT or dialect.chunk(file, at))
        place = next(fitting, chunk.end)
    return found, end


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name) and name.strip() != b""
