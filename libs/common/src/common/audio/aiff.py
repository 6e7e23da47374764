"""Sizes in AIFF files, replaced where they cannot be right.

Programs writing to a pipe and recorders losing power leave placeholders. FFmpeg gives up at them.
"""

import struct
from collections.abc import Iterator

from common.audio.placeholders import is_placeholder
from common.audio.seekable import Seekable
from common.audio.splice import SplicedFile, patched
from common.audio.wav_chunks import RIFX, Chunk

_MOST_CHUNKS = 1_000
_FORM_HEAD = 12
_CHUNK_HEAD = 8
_MOST_FRAMES = 1 << 31
_UNKNOWN = 0xFFFFFFFF


def repaired_aiff(file: Seekable) -> SplicedFile | None:
    """Return the file with fitting sizes, None if nothing is wrong with them.

    The position in the file changes.
    """
    end = file.seek(0, 2)
    chunks = {chunk.name: chunk for chunk in _chunks(file, end)}
    sound, common = chunks.get(b"SSND"), chunks.get(b"COMM")
    if sound is None or common is None:
        return None
    is_empty = sound.size == 0 and end - sound.begin > _CHUNK_HEAD
    is_short = _number(file, 4) + _CHUNK_HEAD < min(sound.end, end)
    is_unsized = is_empty or is_short or is_placeholder(sound.size)
    if not is_unsized and _frames_fit(file, common, sound):
        return None
    size = end - sound.begin if is_empty or sound.end > end else sound.size
    changes = {
        4: min(end - _CHUNK_HEAD, _UNKNOWN),
        # Unknown.
        common.begin + 2: 0,
        sound.begin - 4: min(size, _UNKNOWN),
    }
    return patched(file, {place: struct.pack(">I", value) for place, value in changes.items()})


def _frames_fit(file: Seekable, common: Chunk, sound: Chunk) -> bool:
    """Return whether the number of frames can be that of the sound."""
    file.seek(8)
    is_linear = file.read(4) == b"AIFF"
    file.seek(common.begin)
    channels, frames, bits = struct.unpack(">HIH", file.read(8).ljust(8, b"\0"))
    if not is_linear:
        return bool(frames < _MOST_FRAMES)
    size: int = frames * channels * -(-bits // 8)
    return size == sound.size - _CHUNK_HEAD


def _number(file: Seekable, place: int) -> int:
    file.seek(place)
    return int.from_bytes(file.read(4), "big")


def _chunks(file: Seekable, end: int) -> Iterator[Chunk]:
    place = _FORM_HEAD
    for _ in range(_MOST_CHUNKS):
        chunk = RIFX.chunk(file, place)
        if chunk is None:
            return
        yield chunk
        places = RIFX.next_places(chunk)
        place = next((at for at in places if at < end and RIFX.chunk(file, at)), end)
