"""WebM files with one Opus track, written in one pass, with an index before the sound.

The index lets players seek in a long recording with two requests.
"""

import itertools
import struct
from collections.abc import Iterator
from typing import BinaryIO

from common.audio.playback_opus import FRAME
from common.audio.resampling import SAMPLE_RATE

WEBM_TYPE = "audio/webm"

#: Packets in a cluster: 10 s.
_CLUSTER = 500
_PACKET_MS = 1000 * FRAME // SAMPLE_RATE
#: Sound that a decoder needs before the place to which a player seeks, in nanoseconds.
_PREROLL = 80_000_000
_NANOSECONDS = 1_000_000_000
_TRACK = 1
_AUDIO = 2
_KEY_FRAME = 0x80
_APPLICATION = "SecureTranscribe"

_EBML, _SEGMENT, _SEEK_HEAD, _SEEK = 0x1A45DFA3, 0x18538067, 0x114D9B74, 0x4DBB
_SEEK_ID, _SEEK_POSITION = 0x53AB, 0x53AC
_INFO, _TRACKS, _TRACK_ENTRY, _AUDIO_ENTRY = 0x1549A966, 0x1654AE6B, 0xAE, 0xE1
_CUES, _CUE_POINT, _CUE_TIME, _CUE_PLACE = 0x1C53BB6B, 0xBB, 0xB3, 0xB7
_CUE_TRACK, _CUE_CLUSTER = 0xF7, 0xF1
_CLUSTER_ID, _TIMESTAMP, _SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA3
_BLOCK_GROUP, _BLOCK, _DISCARDED = 0xA0, 0xA1, 0x75A2


def write_webm(
    file: BinaryIO, packets: Iterator[bytes], *, count: int, head: bytes, samples: int, delay: int
) -> int:
    """Write `count` packets to an empty file and return its size in bytes.

    `head` is the Opus header. `samples` is the length of the sound, and `delay` that of the sound
    before it, at 16 kHz.
    """
    clusters = -(-count // _CLUSTER)
    start = len(_beginning(head, samples, delay, [0] * clusters, 0))
    file.seek(start)
    places: list[int] = []
    size = start
    for number in range(clusters):
        places.append(size)
        first = number * _CLUSTER
        batch = list(itertools.islice(packets, _CLUSTER))
        surplus = 0
        if number == clusters - 1:
            surplus = max(0, count * FRAME - delay - samples)
        cluster = _cluster(first, batch, surplus)
        file.write(cluster)
        size += len(cluster)
    file.seek(0)
    file.write(_beginning(head, samples, delay, places, size))
    return size


def _beginning(head: bytes, samples: int, delay: int, places: list[int], size: int) -> bytes:
    """Return all before the first cluster. Its length depends on the number of places only."""
    ebml = _element(
        _EBML,
        _number(0x4286, 1)
        + _number(0x42F7, 1)
        + _number(0x42F2, 4)
        + _number(0x42F3, 8)
        + _element(0x4282, b"webm")
        + _number(0x4287, 4)
        + _number(0x4285, 2),
    )
    origin = len(ebml) + len(_id(_SEGMENT)) + 8
    info = _element(
        _INFO,
        _number(0x2AD7B1, 1_000_000)
        + _element(0x4489, struct.pack(">d", 1000 * samples / SAMPLE_RATE))
        + _element(0x4D80, _APPLICATION.encode())
        + _element(0x5741, _APPLICATION.encode()),
    )
    tracks = _element(_TRACKS, _track(head, delay))
    cues = _element(
        _CUES,
        b"".join(
            _cue(number * _CLUSTER * _PACKET_MS, place - origin)
            for number, place in enumerate(places)
        ),
    )
    seek = _seek_head([(_INFO, len(info)), (_TRACKS, len(tracks)), (_CUES, len(cues))])
    length = struct.pack(">Q", max(0, size - origin) | 1 << 56)
    return ebml + _id(_SEGMENT) + length + seek + info + tracks + cues


def _seek_head(elements: list[tuple[int, int]]) -> bytes:
    """Return where the following elements of the given lengths begin."""
    entry = len(_seek(_INFO, 0))
    position = len(_id(_SEEK_HEAD)) + len(_size(entry * len(elements))) + entry * len(elements)
    entries = b""
    for identifier, length in elements:
        entries += _seek(identifier, position)
        position += length
    return _element(_SEEK_HEAD, entries)


def _seek(identifier: int, position: int) -> bytes:
    place = _element(_SEEK_POSITION, struct.pack(">Q", position))
    return _element(_SEEK, _element(_SEEK_ID, _id(identifier)) + place)


def _track(head: bytes, delay: int) -> bytes:
    channels = head[9]
    audio = _element(0xB5, struct.pack(">d", 48_000.0)) + _number(0x9F, channels)
    return _element(
        _TRACK_ENTRY,
        _number(0xD7, _TRACK)
        + _number(0x73C5, _TRACK)
        + _number(0x83, _AUDIO)
        + _number(0x9C, 0)
        + _element(0x22B59C, b"und")
        + _element(0x86, b"A_OPUS")
        + _number(0x56AA, delay * _NANOSECONDS // SAMPLE_RATE)
        + _number(0x56BB, _PREROLL)
        + _element(_AUDIO_ENTRY, audio)
        + _element(0x63A2, head),
    )


def _cue(time: int, place: int) -> bytes:
    position = _element(_CUE_CLUSTER, struct.pack(">Q", max(0, place)))
    return _element(
        _CUE_POINT,
        _element(_CUE_TIME, struct.pack(">Q", time))
        + _element(_CUE_PLACE, _number(_CUE_TRACK, _TRACK) + position),
    )


def _cluster(first: int, packets: list[bytes], surplus: int) -> bytes:
    """Return a cluster. `surplus` is the silence after the sound in the last packet, in samples."""
    blocks = [_number(_TIMESTAMP, first * _PACKET_MS)]
    for number, packet in enumerate(packets):
        header = struct.pack(">BhB", 0x80 | _TRACK, number * _PACKET_MS, 0)
        if surplus and number == len(packets) - 1:
            discarded = struct.pack(">q", surplus * _NANOSECONDS // SAMPLE_RATE)
            group = _element(_BLOCK, header + packet) + _element(_DISCARDED, discarded)
            blocks.append(_element(_BLOCK_GROUP, group))
        else:
            header = header[:-1] + bytes([_KEY_FRAME])
            blocks.append(_element(_SIMPLE_BLOCK, header + packet))
    return _element(_CLUSTER_ID, b"".join(blocks))


def _id(identifier: int) -> bytes:
    return identifier.to_bytes((identifier.bit_length() + 7) // 8)


def _size(length: int) -> bytes:
    for width in range(1, 9):
        if length < (1 << 7 * width) - 1:
            return (length | 1 << 7 * width).to_bytes(width)
    raise ValueError("The element is too long.")


def _element(identifier: int, content: bytes) -> bytes:
    return _id(identifier) + _size(len(content)) + content


def _number(identifier: int, value: int) -> bytes:
    return _element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8)))
