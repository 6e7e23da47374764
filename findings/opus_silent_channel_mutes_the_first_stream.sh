#!/usr/bin/env bash
# FFmpeg: an Opus file with a channel that is silent by definition loses the sound of its first stream.
#
# In channel mapping family 255 an index of 255 means a channel without a stream, which is to be silent (RFC 7845, 5.1.1).
# With three mono streams in four channels, the native decoder of FFmpeg gives silence for the channel of stream 0 too.
# The same three streams in three channels are all heard. Nothing is raised.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: av==18.1.0 numpy==2.4.6
"$directory/venv/bin/python" - <<'PYTHON'
import io
import struct
import sys
from fractions import Fraction

import av
import numpy as np

RATE, FRAME = 48_000, 960
TONES = (400, 900, 1900)
print("PyAV", av.__version__, "with libavcodec", ".".join(map(str, av.library_versions["libavcodec"])))


def packets(tone: int) -> list[bytes]:
    """Two seconds of a tone as mono Opus packets of 20 ms."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.time_base, encoder.bit_rate = Fraction(1, RATE), 48_000
    sound = (9_000 * np.sin(2 * np.pi * tone * np.arange(2 * RATE) / RATE)).astype(np.int16)
    found = []
    for start in range(0, len(sound), FRAME):
        frame = av.AudioFrame.from_ndarray(sound[None, start : start + FRAME], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return found


def delimited(packet: bytes) -> bytes:
    """A packet of one frame with its length behind its first byte (RFC 6716, appendix B)."""
    assert packet[0] & 3 == 0, "the packet has one frame"
    length = len(packet) - 1
    coded = bytes([length]) if length < 252 else bytes([252 + length % 4, (length - 252 - length % 4) // 4])
    return packet[:1] + coded + packet[1:]


def crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 1 << 31 else value << 1) & 0xFFFFFFFF
    return value


def page(content: bytes, number: int, granule: int, flags: int) -> bytes:
    lacing = bytes([255] * (len(content) // 255) + [len(content) % 255])
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, 1, number, 0, len(lacing)) + lacing
    return head[:22] + struct.pack("<I", crc(head + content)) + head[26:] + content


def ogg(mapping: tuple[int, ...]) -> bytes:
    """The three tones, each in a stream of its own, as channels of one file."""
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, len(mapping), 312, RATE, 0, 255)
    pages = [page(head + bytes([len(TONES), 0, *mapping]), 0, 0, 2)]
    pages.append(page(b"OpusTags" + struct.pack("<II", 0, 0), 1, 0, 0))
    streams = [packets(tone) for tone in TONES]
    for number, parts in enumerate(zip(*streams, strict=True)):
        joined = b"".join([*map(delimited, parts[:-1]), parts[-1]])
        pages.append(page(joined, number + 2, FRAME * (number + 1), 4 * (number + 1 == len(streams[0]))))
    return b"".join(pages)


def levels(mapping: tuple[int, ...]) -> list[int]:
    """The level of each channel of the decoded file, 100 for that of the tone."""
    with av.open(io.BytesIO(ogg(mapping))) as opened:
        frames = [frame.to_ndarray() for frame in opened.decode(audio=0)]
    sound = np.concatenate(frames, axis=1).astype(float) * 32_768
    return [round(100 * float(level) / (9_000 / 2**0.5)) for level in np.sqrt((sound**2).mean(axis=1))]


whole, silent = levels((0, 1, 2)), levels((0, 1, 2, 255))
print("streams 0, 1, 2 in three channels:", whole)
print("the same, and a silent fourth channel:", silent)
if not (min(whole) > 80 and silent[0] < 5 and min(silent[1:3]) > 80 and silent[3] < 5):
    sys.exit("changed: the first stream is heard next to a silent channel")
print("as described: the channel of the first stream is silent")
PYTHON
