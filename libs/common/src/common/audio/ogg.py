"""Links of chained Ogg files: whole recordings, one after the other in one file.

RFC 3533 allows them, and `cat`, web radio and some recorders write them. Every link has time stamps
of its own, so FFmpeg reports the duration of the last one and cannot seek in the others.
"""

import io
import itertools
import struct
from collections.abc import Iterator

from common.audio.seekable import Seekable

#: How a page begins that is the first of its stream: capture pattern, version, flags.
_FIRST_PAGE = b"OggS\x00\x02"
_HEADER = 27
_MOST_SEGMENTS = 255
#: First pages hold one short header packet. Longer pages are not examined.
_LONGEST_FIRST_PAGE = 4096
#: Bounds on the work that a hostile file can cause.
_MOST_LINKS = 1_000
_MOST_CANDIDATES = 10_000
_CHUNK = 1 << 20
_POLYNOMIAL = 0x04C11DB7


def links(file: Seekable) -> list[tuple[int, int]]:
    """Return where each link of an Ogg file begins and ends, in bytes.

    An ordinary file has one. The last link of a very long chain holds the rest. The whole file is
    read once, in pieces, and the position ends at 0.
    """
    starts: list[int] = []
    group_end = -1
    for start, end in _first_pages(file):
        # The streams of one link begin with adjacent pages.
        if start != group_end:
            starts.append(start)
        group_end = end
        if len(starts) == _MOST_LINKS:
            break
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    # Bytes before the first link belong to it.
    return list(itertools.pairwise([0, *starts[1:], size]))


def _first_pages(file: Seekable) -> Iterator[tuple[int, int]]:
    """Yield where each first page of a stream begins and ends."""
    for start in itertools.islice(_candidates(file), _MOST_CANDIDATES):
        if length := _page_length(file, start):
            yield start, start + length


def _candidates(file: Seekable) -> Iterator[int]:
    """Yield where the bytes look like the beginning of such a page."""
    position, tail = 0, b""
    while True:
        file.seek(position)
        chunk = file.read(_CHUNK)
        if not chunk:
            return
        data, base = tail + chunk, position - len(tail)
        found = data.find(_FIRST_PAGE)
        while found >= 0:
            yield base + found
            found = data.find(_FIRST_PAGE, found + 1)
        position += len(chunk)
        tail = data[1 - len(_FIRST_PAGE) :]


def _page_length(file: Seekable, position: int) -> int:
    """Return the length of the page at `position`, 0 if there is no valid page."""
    file.seek(position)
    header = file.read(_HEADER + _MOST_SEGMENTS)
    if len(header) < _HEADER or len(header) < _HEADER + header[26]:
        return 0
    lacing = header[_HEADER : _HEADER + header[26]]
    length = _HEADER + len(lacing) + sum(lacing)
    if length > _LONGEST_FIRST_PAGE:
        return 0
    file.seek(position)
    page = file.read(length)
    (stated,) = struct.unpack_from("<I", page, 22)
    return length if len(page) == length and checksum(page) == stated else 0


def checksum(page: bytes) -> int:
    """Return the CRC of a page, computed with zeros in its own place."""
    value = 0
    for byte in page[:22] + bytes(4) + page[26:]:
        value = (value << 8 & 0xFFFFFFFF) ^ _TABLE[value >> 24 ^ byte]
    return value


def _table() -> tuple[int, ...]:
    values = []
    for value in range(256):
        remainder = value << 24
        for _ in range(8):
            carry = remainder & 0x80000000
            remainder = (remainder << 1 & 0xFFFFFFFF) ^ (_POLYNOMIAL if carry else 0)
        values.append(remainder)
    return tuple(values)


_TABLE = _table()
