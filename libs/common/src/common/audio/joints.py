"""Where the parts of joined files begin: whole recordings, one after the other in one file.

`cat`, web radio and restarting recorders write them. Every part has a header and time stamps
of its own, and FFmpeg takes those of the first or the last part for all.
"""

import itertools
import re
from collections.abc import Iterator

from common.audio import ogg
from common.audio.completeness import segment_end
from common.audio.kinds import AudioKind
from common.audio.mpeg_clocks import program_starts, transport_starts
from common.audio.search import matches
from common.audio.seekable import Seekable
from common.audio.wav import wav_starts

#: Larger files are not searched.
_MOST_BYTES = 200_000_000
#: Bounds on the work that a hostile file can cause.
_MOST_PARTS = 1_000
_LONGEST_START = 64

#: The marker, and the block with the properties of the stream, whose length is fixed.
_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22.{8}", re.DOTALL)
#: The header of EBML with the type of the document.
_EBML = re.compile(rb"\x1a\x45\xdf\xa3[\x80-\xff].{0,40}\x42\x82.(?:webm|matroska)", re.DOTALL)
_AMR = re.compile(rb"#!AMR(?:-WB)?\n")
_SEGMENT = b"\x18\x53\x80\x67"


def sections(file: Seekable, kind: AudioKind) -> list[tuple[int, int]]:
    """Return where each part of a file begins and ends, in bytes. An ordinary file has one.

    The whole file is read once, in pieces, if its kind does not tell by itself. The position ends
    at 0.
    """
    if kind is AudioKind.OGG:
        return ogg.links(file)
    size = file.seek(0, 2)
    starts = itertools.islice(_starts(file, kind, size), _MOST_PARTS)
    # Bytes before the first part belong to it.
    found = list(itertools.pairwise([0, *list(starts)[1:], size]))
    file.seek(0)
    return found


def _starts(file: Seekable, kind: AudioKind, size: int) -> Iterator[int]:
    if kind in {AudioKind.WAV, AudioKind.W64}:
        yield from wav_starts(file)
    elif size > _MOST_BYTES:
        return
    elif kind is AudioKind.FLAC:
        yield from _places(file, _FLAC)
    elif kind is AudioKind.AMR:
        yield from _places(file, _AMR)
    elif kind is AudioKind.MATROSKA and not _is_one_segment(file, size):
        yield from _places(file, _EBML)
    elif kind is AudioKind.MPEG_TS:
        yield from transport_starts(file)
    elif kind is AudioKind.MPEG_PS:
        yield from program_starts(file)


def _places(file: Seekable, pattern: re.Pattern[bytes]) -> Iterator[int]:
    return (place for place, _ in matches(file, pattern, longest=_LONGEST_START))


def _is_one_segment(file: Seekable, size: int) -> bool:
    """Return whether the first segment of a Matroska file states that it fills the file."""
    file.seek(0)
    head = file.read(4096)
    at = head.find(_SEGMENT)
    if at < 0:
        return False
    end = segment_end(head, at)
    return end is not None and end >= size
