"""Where FLAC in Ogg begins. FFmpeg starts its clock at 0, whatever the first page says."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from common.audio.seekable import Seekable

_PAGE_HEADER = 27
_FIRST_PACKET = 51
_MOST_PAGES = 100
_NO_TIME = (1 << 64) - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """A page: its time stamp, stream, completed packets, and the beginning of its content."""

    granule: int
    serial: int
    packets: int
    head: bytes


def flac_begin(file: Seekable) -> float:
    """Return the beginning of FLAC in an Ogg file in seconds, 0 if it is something else.

    The position in the file changes.
    """
    pages = _pages(file)
    first = next(pages, None)
    if first is None or first.head[:5] != b"\x7fFLAC" or len(first.head) < _FIRST_PACKET:
        return 0.0
    headers = 1 + int.from_bytes(first.head[7:9], "big")
    least, most = (int.from_bytes(first.head[at : at + 2], "big") for at in (17, 19))
    rate = int.from_bytes(first.head[27:30], "big") >> 4
    if least != most or not rate or headers == 1:
        return 0.0
    packets = first.packets - headers
    for page in pages:
        if page.serial != first.serial:
            continue
        packets += page.packets
        if packets > 0 and page.granule != _NO_TIME:
            return max(0.0, (page.granule - packets * most) / rate)
    return 0.0


def _pages(file: Seekable) -> Iterator[_Page]:
    place = 0
    for _ in itertools.repeat(None, _MOST_PAGES):
        file.seek(place)
        header = file.read(_PAGE_HEADER + 255 + _FIRST_PACKET)
        if len(header) < _PAGE_HEADER or header[:4] != b"OggS":
            return
        content = _PAGE_HEADER + header[26]
        lacing = header[_PAGE_HEADER:content]
        yield _Page(
            granule=int.from_bytes(header[6:14], "little"),
            serial=int.from_bytes(header[14:18], "little"),
            packets=sum(length < 255 for length in lacing),
            head=header[content : content + _FIRST_PACKET],
        )
        place += content + sum(lacing)
