"""Sound of a pipe: its kind by its first bytes, and pieces as they come."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from securetranscribe.errors import SecureTranscribeError

_WEBM, _OGG, _RIFF = b"\x1a\x45\xdf\xa3", b"OggS", b"RIFF"
_WIDTHS = {"linear16": 2, "float32": 4}
#: Format, channels, samples per second, bytes per second, bytes per frame and bits per sample.
_FORMAT = struct.Struct("<HHIIHH")
_EXTENSIBLE = 0xFFFE
#: Place of the format in an extensible one.
_SUBFORMAT = slice(24, 26)
_ENCODINGS = {(1, 16): "linear16", (3, 32): "float32"}
_MOST_HEADER_BYTES = 1024 * 1024
_PIECES_PER_SECOND = 4
#: Most bytes of one read of a container.
_READ_BYTES = 16 * 1024


class UnknownSoundError(SecureTranscribeError):
    """The sound cannot be recognized live."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Kind of sound. `first` are the bytes that were read to find it out."""

    encoding: str
    sample_rate: int | None = None
    channel_count: int | None = None
    first: bytes = b""

    def pieces(self, file: IO[bytes]) -> Iterator[bytes]:
        """Yield the rest of a file: samples in pieces of 250 ms, others as they come."""
        if self.sample_rate is None or self.channel_count is None:
            yield self.first
            while piece := file.read(_READ_BYTES):
                yield piece
            return
        frame = _WIDTHS[self.encoding] * self.channel_count
        size = self.sample_rate // _PIECES_PER_SECOND * frame
        piece = self.first + exactly(file, size - len(self.first))
        # The end of a broken file is cut to whole frames.
        while piece := piece[: len(piece) // frame * frame]:
            yield piece
            piece = exactly(file, size)


def opened(file: IO[bytes], *, encoding: str, sample_rate: int | None, channel_count: int) -> Sound:
    """Read the beginning of an unbuffered file. Samples without a header have the given kind.

    Raises:
        UnknownSoundError: it is empty or of a kind that is not recognized live.
    """
    first = exactly(file, 4)
    if not first:
        raise UnknownSoundError("There is no sound.")
    if sample_rate is not None:
        return Sound(
            encoding=encoding, sample_rate=sample_rate, channel_count=channel_count, first=first
        )
    if first == _WEBM:
        return Sound(encoding="webm_opus", first=first)
    if first == _OGG:
        return Sound(encoding="ogg_opus", first=first)
    if first == _RIFF:
        return _wave(file)
    raise UnknownSoundError(
        "The sound is none of WebM, Ogg or WAV. Give --sample-rate if it has no header, or convert "
        "it: ffmpeg -i INPUT -f wav - | securetranscribe live -"
    )


def _wave(file: IO[bytes]) -> Sound:
    """Read the header of a WAV file, up to its samples."""
    exactly(file, 8)
    found: Sound | None = None
    while len(header := exactly(file, 8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name == b"data":
            if found is None:
                break
            return found
        if size > _MOST_HEADER_BYTES:
            break
        content = exactly(file, size + size % 2)
        if name == b"fmt ":
            found = _format(content)
    raise UnknownSoundError("The WAV file has no header that can be read.")


def _format(content: bytes) -> Sound:
    if len(content) < _FORMAT.size:
        raise UnknownSoundError("The WAV file has no header that can be read.")
    kind, channels, rate, _, _, bits = _FORMAT.unpack_from(content)
    if kind == _EXTENSIBLE:
        kind = int.from_bytes(content[_SUBFORMAT], "little")
    encoding = _ENCODINGS.get((kind, bits))
    if encoding is None or channels not in (1, 2):
        raise UnknownSoundError(
            "A WAV file needs one or two channels of 16-bit or 32-bit floating-point samples. "
            "Convert it: ffmpeg -i INPUT -ac 1 -c:a pcm_s16le -f wav - | securetranscribe live -"
        )
    return Sound(encoding=encoding, sample_rate=rate, channel_count=channels)


def exactly(file: IO[bytes], size: int) -> bytes:
    """Return so many bytes of an unbuffered file, fewer only at its end."""
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
