"""Lengths that files state about themselves, as far as they are credible."""

import struct

from common.audio.container import OpenAudio
from common.audio.kinds import AudioKind
from common.audio.placeholders import is_placeholder
from common.audio.resync import MPEG_AUDIO
from common.audio.seekable import Seekable

#: Containers with a length in their header. FFmpeg guesses that of others from the bit rate.
_STATING = frozenset(
    {
        *(AudioKind.AIFF, AudioKind.APE, AudioKind.AU, AudioKind.AVI, AudioKind.CAF),
        *(AudioKind.DSF, AudioKind.FLAC, AudioKind.FLV, AudioKind.MATROSKA, AudioKind.MP4),
        *(AudioKind.MPC, AudioKind.MPC8, AudioKind.SOX, AudioKind.SPHERE, AudioKind.TAK),
        *(AudioKind.TTA, AudioKind.WAVPACK),
    }
)
#: No codec needs less than this for sound, in bytes per second, not even for silence.
_LEAST_BYTES_PER_SECOND = 10.0
_XING, _VBRI = (b"Xing", b"Info"), b"VBRI"
_LONGEST_HEADER = 65_536
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_BROADCAST = 1


def stated_length(opened: OpenAudio) -> float | None:
    """Return the length in seconds that a file states, None if it states none that can be.

    A length in a header that also states the size of the file counts only if the file is shorter
    than that. Otherwise nothing is missing, and the length is wrong.
    """
    if opened.stated is not None:
        return opened.stated
    if opened.kind is AudioKind.MP3:
        return _length_of_mp3(opened.file)
    if opened.kind is AudioKind.ASF:
        return _length_of_asf(opened.file)
    if opened.kind not in _STATING:
        return None
    length = opened.duration
    if length is None or is_placeholder(length * (opened.stream.codec_context.bit_rate or 0) / 8):
        return None
    return length if file_size(opened.file) >= _LEAST_BYTES_PER_SECOND * length else None


def file_size(file: Seekable) -> int:
    """Return the size of a file in bytes. The position is kept."""
    position = file.tell()
    size = file.seek(0, 2)
    file.seek(position)
    return size


def _head(file: Seekable) -> bytes:
    position = file.tell()
    file.seek(0)
    head = file.read(_LONGEST_HEADER)
    file.seek(position)
    return head


def _length_of_mp3(file: Seekable) -> float | None:
    """Return the length by the count of frames in the first frame."""
    head = _head(file)
    if not MPEG_AUDIO.header.match(head):
        return None
    second, third = head[1], head[2]
    version, layer = second >> 3 & 3, 4 - (second >> 1 & 3)
    rate = (44_100, 48_000, 32_000)[third >> 2 & 3] >> {3: 0, 2: 1, 0: 2}[version]
    samples = 384 if layer == 1 else 1_152 if layer == 2 or version == 3 else 576
    counts = _counts(head[:1_024])
    if counts is None:
        return None
    frames, stated_size = counts
    if stated_size is not None and stated_size <= file_size(file):
        return None
    return frames * samples / rate if frames else None


def _counts(frame: bytes) -> tuple[int, int | None] | None:
    """Return the stated frames and bytes of an MP3, None if the frame states none."""
    vbri = frame.find(_VBRI)
    if vbri >= 0 and len(frame) >= vbri + 18:
        size, frames = struct.unpack_from(">II", frame, vbri + 10)
        return frames, size
    at = max(frame.find(name) for name in _XING)
    if at < 0 or len(frame) < at + 16:
        return None
    flags, frames, size = struct.unpack_from(">III", frame, at + 4)
    if not flags & 1:
        return None
    return frames, size if flags & 2 else None


def _length_of_asf(file: Seekable) -> float | None:
    head = _head(file)
    at = head.find(_ASF_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return None
    (stated_size,) = struct.unpack_from("<Q", head, at + 40)
    duration, _, preroll, flags = struct.unpack_from("<QQQI", head, at + 64)
    if flags & _BROADCAST or stated_size <= file_size(file):
        return None
    return max(0.0, duration / 1e7 - preroll / 1e3) or None
