"""Sound without a container, stored as a WAV file whose length its header leaves open."""

import struct

from common.errors import ValidationError
from transcriber.domain.live import LiveEncoding, LiveSound

_INTEGER, _FLOAT = 1, 3
#: Stated by programs that write to a pipe. Readers take the sound that is there.
_OPEN = 0xFFFFFFFF
HEADER_BYTES = 44


def header(sound: LiveSound) -> bytes:
    """Return the header in front of the samples, empty for encodings with a container."""
    frame = sound.frame_bytes
    if not frame:
        return b""
    kind = _FLOAT if sound.encoding is LiveEncoding.FLOAT32 else _INTEGER
    form = struct.pack(
        "<HHIIHH",
        kind,
        sound.channels,
        sound.sample_rate,
        sound.sample_rate * frame,
        frame,
        8 * sound.encoding.sample_bytes,
    )
    return b"".join(
        (b"RIFF", struct.pack("<I", _OPEN), b"WAVE", b"fmt ", struct.pack("<I", len(form)), form)
    ) + struct.pack("<4sI", b"data", _OPEN)


def stored(sound: LiveSound, number: int, data: bytes) -> bytes:
    """Return the bytes of a chunk as they are stored.

    Raises:
        ValidationError: a sample is cut.
    """
    frame = sound.frame_bytes
    if frame and len(data) % frame:
        raise ValidationError.of(
            "data", f"Send whole samples of all channels: a multiple of {frame} bytes."
        )
    return header(sound) + data if number == 0 else data


def received(sound: LiveSound, number: int, data: bytes) -> bytes:
    """Invert `stored`."""
    return data[len(header(sound)) :] if number == 0 else data


def begins_stream(sound: LiveSound, number: int, *, claimed: bool) -> bool:
    """Return whether a chunk begins a media stream. Samples without a container are one stream."""
    return number == 0 or (claimed and not sound.frame_bytes)
