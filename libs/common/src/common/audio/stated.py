"""Lengths stated by files themselves, as far as they are credible."""

import struct

from common.audio.completeness import asf_properties, mp3_counts
from common.audio.container import OpenAudio
from common.audio.kinds import AudioKind
from common.audio.placeholders import is_placeholder
from common.audio.resync import MPEG_AUDIO, mpeg_audio_samples
from common.audio.seekable import Seekable

#: Containers with a length in their header. FFmpeg guesses that of others from the bit rate.
_STATING = frozenset(
    {
        *(AudioKind.AIFF, AudioKind.APE, AudioKind.AU),
        *(AudioKind.DSF, AudioKind.FLAC, AudioKind.FLV, AudioKind.MATROSKA, AudioKind.MP4),
        *(AudioKind.MPC, AudioKind.MPC8, AudioKind.SOX, AudioKind.SPHERE, AudioKind.TAK),
        *(AudioKind.TTA, AudioKind.WAVPACK),
    }
)
#: No codec needs less than this for sound, in bytes per second, not even for silence.
_LEAST_BYTES_PER_SECOND = 10.0
_HEAD_BYTES = 65_536
_BROADCAST = 1


def stated_length(opened: OpenAudio) -> float | None:
    """Return the length in seconds stated by a file, None if it states no possible one."""
    if opened.stated is not None:
        return opened.stated
    if opened.kind is AudioKind.MP3:
        return _length_of_mp3(_head(opened.file))
    if opened.kind is AudioKind.ASF:
        return _length_of_asf(_head(opened.file))
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
    head = file.read(_HEAD_BYTES)
    file.seek(position)
    return head


def _length_of_mp3(head: bytes) -> float | None:
    counts = mp3_counts(head)
    if counts is None or not MPEG_AUDIO.header.match(head):
        return None
    samples, rate = mpeg_audio_samples(head)
    return counts[0] * samples / rate


def _length_of_asf(head: bytes) -> float | None:
    properties = asf_properties(head)
    if properties is None:
        return None
    # In units of 100 nanoseconds, and the milliseconds before it begins.
    duration, _, preroll, flags = struct.unpack_from("<QQQI", properties, 64)
    if flags & _BROADCAST:
        return None
    return max(0.0, duration / 1e7 - preroll / 1e3) or None
