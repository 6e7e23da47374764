"""Length declared by a WAV file. FFmpeg silently uses the size of the file instead."""

import struct

from common.audio.seekable import Seekable

#: Written by streaming recorders, which never fill in the size.
_UNKNOWN_SIZES = frozenset({0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFFFFF_FFFFFFFF})
_MOST_CHUNKS = 64


def declared_wav_duration(file: Seekable) -> float | None:
    """Return the seconds declared by the header of a WAV, RF64 or BW64 file, if any.

    The position in the file is kept.
    """
    position = file.tell()
    try:
        file.seek(0)
        return _walk(file)
    finally:
        file.seek(position)


def _walk(file: Seekable) -> float | None:
    if file.read(12)[8:] != b"WAVE":
        return None
    byte_rate = long_size = 0
    for _ in range(_MOST_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return None
        name, size = header[:4], struct.unpack("<I", header[4:])[0]
        if name == b"data":
            size = long_size or size
            return None if size in _UNKNOWN_SIZES or not byte_rate else size / byte_rate
        body = file.read(min(size, 32))
        if name == b"fmt " and len(body) >= 12:
            byte_rate = struct.unpack("<I", body[8:12])[0]
        if name == b"ds64" and len(body) >= 16:
            long_size = struct.unpack("<Q", body[8:16])[0]
        file.seek(size - len(body) + size % 2, 1)
    return None
